// SPDX-License-Identifier: MIT
//
// user PROFILE PATTERN: the library from C++, as one would use it: handles in unique_ptr, errors as
// exceptions. Prints how many bytes were live at the peak in functions that match, twice: by
// filtering the profile, and by filtering the view.
#include <memtrack.h>
#include <memtrack/analyze.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

template <typename T, void (*release)(T *)> struct deleter {
    void operator()(T *object) const {
        release(object);
    }
};
using profile_ptr =
    std::unique_ptr<memtrack_profile, deleter<memtrack_profile, memtrack_profile_free>>;
using filter_ptr = std::unique_ptr<memtrack_filter, deleter<memtrack_filter, memtrack_filter_free>>;
using statistics_ptr =
    std::unique_ptr<memtrack_statistics, deleter<memtrack_statistics, memtrack_statistics_free>>;

void check(int status) {
    if (status < 0)
        throw std::runtime_error(std::string(memtrack_analyze_error()) + " " +
                                 memtrack_analyze_hint());
}

profile_ptr load(const char *name) {
    memtrack_profile *profile = nullptr;
    memtrack_load_options options = memtrack_load_options_init();
    check(memtrack_profile_load(name, &options, &profile));
    return profile_ptr(profile);
}

long long peak_of(const memtrack_profile *profile, const memtrack_filter *filter) {
    memtrack_view view = memtrack_view_init();
    view.by = MEMTRACK_BY_FUNCTION;
    view.filter = filter;
    memtrack_statistics *made = nullptr;
    check(memtrack_statistics_new(profile, &view, &made));
    statistics_ptr statistics(made);
    long long sum = 0;
    for (std::size_t i = 0; i < memtrack_statistics_count(made); i++) {
        memtrack_row row;
        check(memtrack_statistics_row(made, i, &row));
        sum += row.values.peak_bytes;
    }
    return sum;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    try {
        profile_ptr profile = load(argv[1]);
        memtrack_filter *made = nullptr;
        check(memtrack_filter_new(&made));
        filter_ptr filter(made);
        check(memtrack_filter_add(made, MEMTRACK_INCLUDE, argv[2], 0, 0));
        memtrack_profile *part = nullptr;
        check(memtrack_profile_filter(profile.get(), made, &part));
        profile_ptr owned(part);
        std::printf("%lld %lld\n", peak_of(part, nullptr), peak_of(profile.get(), made));
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 3;
    }
    return 0;
}
