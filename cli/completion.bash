# SPDX-License-Identifier: MIT
# Completion of memtrack for bash. Commands and options come from --help, so that they cannot differ from it.

_memtrack_words() { # ARGUMENTS...: the options that `memtrack ARGUMENTS... --help` lists
    memtrack "$@" --help 2>/dev/null | sed -n 's/^ \{2,8\}-/-/p' | sed 's/   *[^-].*//' |
        grep -oE -- '(^|[ ,])--?[A-Za-z][A-Za-z-]*' | tr -d ' ,'
}

_memtrack_commands() {
    memtrack --help 2>/dev/null | sed -n '/^[A-Za-z ]*[Cc]ommands:/,/^[^ ]/s/^ \{2,4\}\([a-z][a-z-]*\)  .*/\1/p'
}

_memtrack() {
    local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]-} i
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--help --version' -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_memtrack_commands)" -- "$word"; compgen -c -- "$word"; compgen -f -- "$word")
        fi
        return
    fi
    for ((i = 2; i < COMP_CWORD; i++)); do
        if [[ $command =~ ^(run|check|compare)$ && ${COMP_WORDS[i]} == -- ]]; then
            mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
            return
        fi
    done
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_memtrack_words "$command")" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -o filenames -F _memtrack memtrack
