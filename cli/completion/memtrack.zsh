#compdef memtrack
# SPDX-License-Identifier: MIT
# Completion of memtrack for zsh. What could come next is told by `memtrack --complete`, of the
# tables that the commands parse their options with.

_memtrack() {
    local line word ret=1
    local -a lines told patterns
    lines=("${(@f)$(_call_program memtrack ${words[1]} --complete \
        ${(q)${(@Q)words[2,CURRENT-1]}} ${(q)PREFIX} 2>/dev/null)}")
    [[ $PREFIX == --*=* ]] && compset -P '*='
    for line in $lines; do
        case $line in
        :*) ;;
        *)
            word=${line%%$'\t'*}
            [[ $line == *$'\t'* ]] && line=${line#*$'\t'} || line=''
            [[ $IPREFIX == *= ]] && word=${word#--*=}
            told+=("${word//:/\\:}${line:+:$line}")
            ;;
        esac
    done
    if (( $#told )); then
        local -a prefixes=(${(M)told:#*\\:} ) whole=(${told:#*\\:})
        (( $#whole )) && _describe -V -t values value whole && ret=0
        (( $#prefixes )) && _describe -V -t values value prefixes -S '' && ret=0
    fi
    for line in $lines; do
        case $line in
        :files*)
            patterns=(${=line#:files})
            if (( $#patterns == 1 )); then # in brackets it would be a qualifier
                _files -g "$patterns" && ret=0
            elif (( $#patterns )); then
                _files -g "(${(j:|:)patterns})" && ret=0
            else
                _files && ret=0
            fi
            ;;
        :directories) (( $lines[(I):files*] )) || { _path_files -/ && ret=0 } ;; # _files has them
        :programs) _command_names -e && ret=0; _files -g '*(*)' && ret=0 ;;
        :command*)
            local n=$(( ${line#:command } + 2 ))
            words=("${(@)words[n,-1]}")
            (( CURRENT -= n - 1 ))
            _normal && ret=0
            ;;
        esac
    done
    return ret
}

_memtrack "$@"
