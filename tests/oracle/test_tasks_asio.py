# SPDX-License-Identifier: MIT
# timeout: 600
# cost: 30
"""Scopes that follow tasks through handlers and coroutines of Asio, standalone and Boost's: what
each allocated by name equals what the program knows."""
from support import harness
from support.tasks import Tasks


class Asio(Tasks):
    def check(self, header, *flags):
        self.needs_header(header)
        self.oracle(self.build("asio.cpp", *flags, warnings=("-Wall", "-Wextra", "-Werror")))

    def test_standalone(self):
        self.check("asio.hpp", "-std=c++20")

    def test_boost(self):
        self.check("boost/asio.hpp", "-std=c++11", "-DBOOST")


if __name__ == "__main__":
    harness.main()
