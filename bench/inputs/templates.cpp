// SPDX-License-Identifier: MIT
// What a C++ compiler meets on a bad day: the heavy standard headers and three template libraries,
// each used enough to be instantiated. Preprocessed it is about 200,000 lines.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include <Eigen/Dense>
#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/member.hpp>
#include <boost/multi_index/ordered_index.hpp>
#include <boost/multi_index_container.hpp>
#include <boost/variant.hpp>

namespace {

namespace bmi = boost::multi_index;

struct part {
    int id;
    std::string name;
    double weight;
};

using catalogue = bmi::multi_index_container<
    part, bmi::indexed_by<bmi::ordered_unique<bmi::member<part, int, &part::id>>,
                          bmi::hashed_non_unique<bmi::member<part, std::string, &part::name>>,
                          bmi::ordered_non_unique<bmi::member<part, double, &part::weight>>>>;

double solve(int n) {
    Eigen::MatrixXd m = Eigen::MatrixXd::Random(n, n);
    Eigen::VectorXd x = m.colPivHouseholderQr().solve(Eigen::VectorXd::Ones(n));
    return x.sum();
}

std::size_t describe(const boost::variant<int, std::string, double> &value) {
    std::unordered_map<int, std::string> names{{3, "three"}};
    std::stringstream text;
    text << names[3] << value;
    return text.str().size();
}

} // namespace

int main(int argc, char **argv) {
    catalogue parts;
    parts.insert({1, "bolt", 2.5});
    parts.insert({2, "nut", 1.5});
    std::regex pattern("b(o|u)*lt+");
    std::map<std::string, std::vector<std::function<int(int)>>> handlers;
    handlers["plus"].push_back([argc](int q) { return q + argc; });
    auto shared = std::make_shared<std::vector<std::unique_ptr<part>>>();
    shared->push_back(std::make_unique<part>(*parts.begin()));
    std::sort(shared->begin(), shared->end(),
              [](const auto &a, const auto &b) { return a->id < b->id; });
    std::cout << std::regex_match(argv[0], pattern) << solve(8) << describe(3.0)
              << parts.get<1>().count("nut");
    return handlers["plus"][0](3);
}
