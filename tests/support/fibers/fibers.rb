# SPDX-License-Identifier: MIT
# Fibers that allocate below different numbers of frames, 1000 of them, each resumed twice.
def climb(n)
  return climb(n - 1) if n > 0
  Fiber.yield("x" * 5000)
  "y" * 3000
end

done = 0
50.times do
  fibers = (0...20).map { |k| Fiber.new { climb(k * 5); done += 1 } }
  2.times { fibers.each(&:resume) }
end
puts done
