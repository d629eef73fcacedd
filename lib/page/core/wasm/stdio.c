/* SPDX-License-Identifier: MIT */
/*
 * Formatting and streams in memory. Those of the libc compute with 128 bits for a long double,
 * which is a tenth of the core; here numbers with a point are formatted, and read, by the browser,
 * which rounds as exactly. Of printf there is what the code uses: flags 0 and -, width and
 * precision (also *), hh to z, and the conversions c d i u x s p f g m %.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NUMBER_BYTES = 400 /* the digits of the largest double, and a fraction */ };

#ifdef __wasm__ /* elsewhere a test has them */
#define IMPORT(name) __attribute__((import_module("page"), import_name(name)))

/* Writes value as %.{precision}f or g to out, without a NUL. Returns its length. */
IMPORT("format") size_t mt_page_format(double value, int precision, int conversion, char *out);
/* Returns the number that n bytes of text are. */
IMPORT("parse") double mt_page_parse(const char *text, size_t n);
#endif

/* ---- formatting ------------------------------------------------------------------------------ */

struct output {
    char *to;
    size_t room, n; /* n: written, or would have been */
};

static void put(struct output *out, char c) {
    if (out->n < out->room)
        out->to[out->n] = c;
    out->n++;
}

struct directive {
    bool zero, left, alternate;
    int width, precision; /* precision: below 0 is none */
    int size;             /* bytes of an integer */
    char conversion;
};

static void put_padded(struct output *out, const struct directive *d, const char *text, size_t n) {
    size_t width = d->width > 0 ? (size_t)d->width : 0, i = 0;
    if (d->zero && !d->left && n && *text == '-') {
        put(out, *text++);
        n--;
        width -= width > 0;
    }
    for (i = n; !d->left && i < width; i++)
        put(out, d->zero ? '0' : ' ');
    for (size_t k = 0; k < n; k++)
        put(out, text[k]);
    for (i = n; d->left && i < width; i++)
        put(out, ' ');
}

static void put_integer(struct output *out, const struct directive *d, uint64_t value,
                        bool negative) {
    char digits[24], *at = digits + sizeof digits;
    unsigned base = d->conversion == 'x' ? 16 : 10;
    do
        *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    while (digits + sizeof digits - at < d->precision && at > digits + 1)
        *--at = '0';
    if (negative)
        *--at = '-';
    put_padded(out, d, at, (size_t)(digits + sizeof digits - at));
}

static const char *read_directive(const char *format, struct directive *d, va_list *arguments) {
    *d = (struct directive){.precision = -1, .size = 4};
    for (;; format++) {
        if (*format == '0')
            d->zero = true;
        else if (*format == '-')
            d->left = true;
        else
            break;
    }
    if (*format == '*')
        d->width = va_arg(*arguments, int), format++;
    for (; *format >= '0' && *format <= '9'; format++)
        d->width = d->width * 10 + (*format - '0');
    if (*format == '.') {
        d->precision = 0;
        if (*++format == '*')
            d->precision = va_arg(*arguments, int), format++;
        for (; *format >= '0' && *format <= '9'; format++)
            d->precision = d->precision * 10 + (*format - '0');
    }
    for (; *format == 'l' || *format == 'h' || *format == 'z' || *format == 'j'; format++)
        if ((format[0] == 'l' && format[1] == 'l') || *format == 'j')
            d->size = 8;
    d->conversion = *format;
    return format + (*format != 0);
}

static void put_signed(struct output *out, const struct directive *d, va_list *arguments) {
    int64_t value = d->size == 8 ? va_arg(*arguments, int64_t) : va_arg(*arguments, int32_t);
    put_integer(out, d, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0);
}

static void put_unsigned(struct output *out, const struct directive *d, va_list *arguments) {
    put_integer(out, d, d->size == 8 ? va_arg(*arguments, uint64_t) : va_arg(*arguments, uint32_t),
                false);
}

static void put_text(struct output *out, const struct directive *d, const char *text) {
    put_padded(out, d, text, d->precision < 0 ? strlen(text) : strnlen(text, (size_t)d->precision));
}

static void put_directive(struct output *out, const struct directive *d, va_list *arguments) {
    char number[NUMBER_BYTES];
    switch (d->conversion) {
    case 'd':
    case 'i':
        put_signed(out, d, arguments);
        break;
    case 'u':
    case 'x':
    case 'p':
        put_unsigned(out, d, arguments);
        break;
    case 's':
        put_text(out, d, va_arg(*arguments, const char *));
        break;
    case 'm':
        put_text(out, d, strerror(errno));
        break;
    case 'c':
        number[0] = (char)va_arg(*arguments, int);
        put_padded(out, d, number, 1);
        break;
    case 'f':
    case 'g':
        put_padded(out, d, number,
                   mt_page_format(va_arg(*arguments, double), d->precision < 0 ? 6 : d->precision,
                                  d->conversion, number));
        break;
    default:
        put(out, d->conversion);
    }
}

int vsnprintf(char *to, size_t room, const char *format, va_list given) {
    struct output out = {to, room, 0};
    struct directive d;
    va_list arguments;
    va_copy(arguments, given);
    while (*format) {
        if (*format != '%') {
            put(&out, *format++);
            continue;
        }
        format = read_directive(format + 1, &d, &arguments);
        put_directive(&out, &d, &arguments);
    }
    va_end(arguments);
    if (room)
        to[out.n < room ? out.n : room - 1] = '\0';
    return (int)out.n;
}

int vasprintf(char **to, const char *format, va_list arguments) {
    int n = vsnprintf(NULL, 0, format, arguments);
    *to = malloc((size_t)n + 1);
    return *to ? vsnprintf(*to, (size_t)n + 1, format, arguments) : -1;
}

int snprintf(char *to, size_t room, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(to, room, format, arguments);
    va_end(arguments);
    return n;
}

int sprintf(char *to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(to, SIZE_MAX / 2, format, arguments);
    va_end(arguments);
    return n;
}

int asprintf(char **to, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(to, format, arguments);
    va_end(arguments);
    return n;
}

/* ---- reading numbers ------------------------------------------------------------------------- */

double strtod(const char *text, char **end) {
    size_t blanks = strspn(text, " \t\n\v\f\r"), n = blanks;
    n += text[n] == '-' || text[n] == '+';
    size_t digits = strspn(text + n, "0123456789");
    n += digits;
    if (text[n] == '.') {
        size_t fraction = strspn(text + n + 1, "0123456789");
        n += digits + fraction ? fraction + 1 : 0;
        digits += fraction;
    }
    if (digits && (text[n] == 'e' || text[n] == 'E')) {
        size_t sign = text[n + 1] == '-' || text[n + 1] == '+',
               exponent = strspn(text + n + 1 + sign, "0123456789");
        n += exponent ? 1 + sign + exponent : 0;
    }
    if (end)
        *end = (char *)(uintptr_t)(digits ? text + n : text);
    return digits ? mt_page_parse(text + blanks, n - blanks) : 0;
}

/* ---- streams --------------------------------------------------------------------------------- */

/* What open_memstream makes; there is no other stream. */
struct memory {
    char **text;
    size_t *n;
};

FILE *open_memstream(char **text, size_t *n) {
    struct memory *memory = malloc(sizeof *memory);
    if (!memory)
        return NULL;
    *memory = (struct memory){text, n};
    *text = calloc(1, 1);
    *n = 0;
    return (FILE *)(void *)memory;
}

static int append(FILE *stream, const char *text, size_t n) {
    struct memory *memory = (struct memory *)(void *)stream;
    char *grown = realloc(*memory->text, *memory->n + n + 1);
    if (!grown)
        return EOF;
    memcpy(grown + *memory->n, text, n);
    *memory->text = grown;
    *memory->n += n;
    grown[*memory->n] = '\0';
    return 0;
}

int fputs(const char *text, FILE *stream) {
    return append(stream, text, strlen(text));
}

int fputc(int c, FILE *stream) {
    char byte = (char)c;
    return append(stream, &byte, 1) == 0 ? c : EOF;
}

int fprintf(FILE *stream, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n >= 0 && append(stream, text, (size_t)n) != 0)
        n = -1;
    free(text);
    return n;
}

int fflush(FILE *stream) {
    (void)stream;
    return 0;
}

int fclose(FILE *stream) {
    free(stream);
    return 0;
}

/* ---- files, of which there are none ---------------------------------------------------------- */

int open(const char *path, int flags, ...) {
    (void)path, (void)flags;
    errno = ENOENT;
    return -1;
}

int close(int fd) {
    (void)fd;
    return 0;
}

ssize_t read(int fd, void *to, size_t n) {
    (void)fd, (void)to, (void)n;
    return 0;
}

int fstat(int fd, struct stat *status) {
    (void)fd, (void)status;
    return -1;
}
