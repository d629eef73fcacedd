# SPDX-License-Identifier: MIT
# Completion of memtrack for bash. What could come next is told by `memtrack --complete`, of the
# tables that the commands parse their options with. With bash-completion installed, the command
# line of a program that is run is completed as it would be without memtrack.

# bash takes words apart at = and :, which separate no words here. Sets words (as memtrack gets
# them), first (the number in COMP_WORDS of each) and kept (what of the last bash has left out).
_memtrack_words() {
    local i word previous=''
    words=() first=() kept=''
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $previous && ($word == [=:]* || $previous == *[=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word") first+=("$i")
        fi
        previous=$word
    done
    current=${COMP_WORDS[COMP_CWORD]-}
    [[ $current == [=:] ]] && current=''
    kept=${words[-1]%"$current"}
}

_memtrack_files() { # PATTERN...: those that match, and folders; any file when none does
    local pattern
    for pattern in "$@"; do
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X "!$pattern" -- "$current")
    done
    if ((${#COMPREPLY[@]})); then
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
    fi
    compopt -o filenames 2>/dev/null
}

_memtrack_programs() {
    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -c -- "$current" | sort -u)
    [[ $current == */* ]] &&
        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames 2>/dev/null
}

_memtrack_command() { # N: the words from this one on are a command line of their own
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "${first[$1]}"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "${first[$1]}"
    elif (($1 == ${#words[@]} - 1)); then
        _memtrack_programs
    else
        _memtrack_files
    fi
}

_memtrack() {
    local words first kept current line
    COMPREPLY=()
    _memtrack_words
    while IFS= read -r line; do
        case $line in
        :files*)
            local -a patterns
            read -r -a patterns <<<"${line#:files}"
            _memtrack_files "${patterns[@]}"
            ;;
        :directories)
            mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -d -- "$current")
            compopt -o filenames 2>/dev/null
            ;;
        :programs) _memtrack_programs ;;
        :command*) _memtrack_command "${line#:command }" ;;
        *)
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$kept"}")
            [[ $line == *: ]] && compopt -o nospace 2>/dev/null
            ;;
        esac
    done < <("${COMP_WORDS[0]/#\~/$HOME}" --complete "${words[@]}" 2>/dev/null)
}

complete -F _memtrack memtrack
