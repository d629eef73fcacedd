-- SPDX-License-Identifier: MIT
-- Coroutines that allocate below different numbers of frames, 1000 of them, each resumed twice.
local function climb(n)
    if n > 0 then return climb(n - 1) .. "" end
    coroutine.yield(string.rep("x", 5000))
    return string.rep("y", 3000)
end

local done = 0
for _ = 1, 50 do
    local routines = {}
    for k = 1, 20 do routines[k] = coroutine.create(function() climb(k * 5); done = done + 1 end) end
    for _ = 1, 2 do for _, routine in ipairs(routines) do coroutine.resume(routine) end end
end
print(done)
