# SPDX-License-Identifier: MIT
# Completion of memtrack for fish. What could come next is told by `memtrack --complete`, of the
# tables that the commands parse their options with.

function __memtrack_files --description 'Files below what is typed, those that match first'
    set -l prefix (string match -r -- '^--[^=]*=' $argv[1])
    set -l typed (string replace -r -- '^--[^=]*=' '' $argv[1])
    set -l found
    for pattern in $argv[2..-1]
        for path in $typed*
            if string match -q -- $pattern (path basename -- $path)
                set -a found $path
            end
        end
    end
    if set -q found[1]
        for path in $typed*/
            set -a found $path
        end
    else
        set found (__fish_complete_path $typed | string replace -r '\t.*' '')
    end
    printf '%s\n' "$prefix"$found
end

function __memtrack_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case ':files*'
                __memtrack_files "$current" (string split -n ' ' -- (string sub -s 7 -- $line))
            case ':directories'
                set -l prefix (string match -r -- '^--[^=]*=' $current)
                __fish_complete_directories (string replace -r -- '^--[^=]*=' '' $current) |
                    string replace -r '^' "$prefix"
            case ':programs'
                complete -C "$current"
            case ':command *'
                set -l n (math (string sub -s 10 -- $line) + 2)
                set -l rest (string escape -- $words[$n..-1])
                complete -C (string join ' ' -- $rest $current)
            case '*'
                echo $line
        end
    end
end

complete -c memtrack -e
complete -c memtrack -f -k -a '(__memtrack_complete)'
