/* SPDX-License-Identifier: MIT */
/* What C++ adds to hits.c: exceptions, destructors, templates, lambdas, inlined functions. */
#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
static std::vector<std::unique_ptr<char[]>> kept;
struct Guard {
    int *n;
    explicit Guard(int *n) : n(n) {
        ++*n;
    }
    ~Guard() {
        --*n;
    }
};
static int depth;
template <typename T> static int stock(int n) {
    int made = 0;
    for (int i = 0; i < n; i++) {
        kept.emplace_back(new char[sizeof(T) * 100]);
        made++;
    }
    return made;
}
static int thrower(int n) {
    Guard guard(&depth);
    std::string text = "x";
    if (n % 3 == 0)
        throw std::runtime_error("three");
    text += "y";
    if (n == 4)
        throw n;
    return n;
}
static int catcher(int n) {
    int r = 0;
    try {
        r = thrower(n);
        r++;
    } catch (const std::runtime_error &e) {
        r = -1;
    } catch (int value) {
        r = value * 100;
    }
    return r;
}
class Shape {
  public:
    virtual ~Shape() = default;
    virtual int area() const = 0;
};
class Square : public Shape {
    int side;

  public:
    explicit Square(int side) : side(side) {}
    int area() const override {
        return side * side;
    }
};
static inline __attribute__((always_inline)) int twice(int x) {
    if (x > 2)
        return x * 2;
    return x;
}
static int lambda(int n) {
    std::vector<int> list;
    for (int i = 0; i < n; i++)
        list.push_back(n - i);
    std::sort(list.begin(), list.end(), [](int a, int b) { return a < b; });
    int sum = 0;
    for (int x : list)
        sum += x;
    for (const auto x : list) {
        if (x == 2)
            continue;
        sum += twice(x);
    }
    return sum;
}
static int maps(int n) {
    std::map<std::string, int> m;
    for (int i = 0; i < n; i++)
        m["k" + std::to_string(i % 3)] += i;
    int total = 0;
    for (auto &[key, value] : m)
        total += value + (int)key.size();
    return total;
}
int main() {
    kept.reserve(64);
    stock<char>(3);
    stock<double>(4);
    int sum = 0;
    for (int i = 1; i <= 6; i++)
        sum += catcher(i);
    std::unique_ptr<Shape> shape = std::make_unique<Square>(3);
    sum += shape->area();
    sum += lambda(5);
    sum += maps(7);
    sum += twice(1) + twice(5);
    if (sum == 12345)
        return catcher(3);
    std::printf("%d\n", sum);
    return 0;
}
