/* SPDX-License-Identifier: MIT */
/*
 * Words of a command, so that a shell reads them back: what is shown of a run is what somebody
 * types to have it again. A word that is cut is no word any more, and says so.
 */
#include <ctype.h>
#include <string.h>

#include "view/format/format.h"

/* Returns how many bytes of the word go into room, which end between two characters. */
static size_t fitting_bytes(const char *word, size_t room) {
    size_t bytes = strlen(word);
    if (bytes <= room)
        return bytes;
    while (room > 0 && ((unsigned char)word[room] & 0xC0) == 0x80)
        room--;
    return room;
}

void mt_format_word_put(FILE *stream, const char *word, size_t room, const char *ellipsis) {
    static const char plain[] = "@%+=:,./-_";
    size_t bytes = fitting_bytes(word, room);
    bool quote = !*word;
    for (size_t i = 0; i < bytes; i++)
        quote |= !isalnum((unsigned char)word[i]) && !strchr(plain, word[i]) &&
                 (unsigned char)word[i] < 0x80;
    if (quote)
        fputc('\'', stream);
    for (size_t i = 0; i < bytes; i++)
        fputs(word[i] == '\'' ? "'\\''" : (char[]){word[i], '\0'}, stream);
    if (quote)
        fputc('\'', stream);
    if (word[bytes])
        fputs(ellipsis, stream);
}
