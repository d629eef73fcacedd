# SPDX-License-Identifier: MIT
"""
The build system asks for nothing that its oldest CMake (cmake_minimum_required) does not have.
Later features are looked for by their names, as the release notes of the versions have them.
"""
import json
import re

import tree

OLDEST = (3, 22)
OLDEST_PRESETS = 3  # the version of the format that it reads
SINCE = {  # version: what it brought that a build like ours might reach for
    (3, 23): r"\bFILE_SET\b|\bHEADER_(?:SETS?|DIRS)\b|\$<(?:HOST|DEVICE)_LINK",
    (3, 24): r"\w*COMPILE_WARNING_AS_ERROR|\$?<?\bLINK_(?:GROUP|LIBRARY)(?:_|:)|\$<PATH|PATH_EQUAL|COLOR_DIAGNOSTICS|"
             r"FIND_PACKAGE_ARGS|VERIFY_INTERFACE_HEADER_SETS|PROJECT_TOP_LEVEL_INCLUDES|\s--fresh\b",
    (3, 25): r"(?m)^\s*(?:end)?block\(|\breturn\(PROPAGATE|find_\w+\([^)]*\bVALIDATOR\b|EXPORT_NO_SYSTEM|\s--workflow\b|"
             r"\b(?:BSD|LINUX)\b|\bSKIP_LINTING\b",
    (3, 26): r"\$<BUILD_LOCAL_INTERFACE|IMPORTED_NO_SYSTEM",
    (3, 27): r"\$<(?:LIST|COMPILE_ONLY|TARGET_IMPORT_FILE)|DEPENDS_EXPLICIT_ONLY|TIMEOUT_SIGNAL|\w*INTERFACE_LINK_LIBRARIES_DIRECT",
    (3, 28): r"CXX_(?:MODULE|SCAN_FOR_MODULES)|\bCMAKE_FIND_PACKAGE_REDIRECTS_DIR\b",
    (3, 29): r"\w*LINKER_TYPE|\bTEST_LAUNCHER|\bIS_EXECUTABLE\b",
    (3, 30): r"\$<QUOTE>|TRANSITIVE_(?:COMPILE|LINK)_PROPERTIES",
    (3, 31): r"\bLINK_LIBRARIES_STRATEGY\b|add_custom_command\([^)]*\bCODEGEN\b|\bcmake_pkg_config\(",
}
NEWEST_POLICY = 128  # CMP0128 came with 3.22

problems = []
files = [
    path for path in tree.files()
    if path.name == "CMakeLists.txt" or path.suffix == ".cmake" or path.name.endswith(".cmake.in")]
for path in files:
    text = re.sub(r"(?m)#.*$", "", tree.text(path))
    for version, pattern in SINCE.items():
        for match in re.finditer(pattern, text):
            line = text[:match.start()].count("\n") + 1
            problems.append(
                f"{path}:{line}: {match.group().strip()} came with CMake {version[0]}.{version[1]}")
    for number in re.findall(r"\bCMP(\d{4})\b", text):
        if int(number) > NEWEST_POLICY:
            problems.append(f"{path}: CMP{number} came after CMake {OLDEST[0]}.{OLDEST[1]}")
    for needed in re.findall(r"cmake_minimum_required\(VERSION (\d+)\.(\d+)", text):
        if tuple(map(int, needed)) > OLDEST:
            problems.append(f"{path}: asks for CMake {'.'.join(needed)}")

presets = json.loads(tree.text("CMakePresets.json"))
least = presets["cmakeMinimumRequired"]
if presets["version"] > OLDEST_PRESETS or (least["major"], least["minor"]) > OLDEST:
    problems.append("CMakePresets.json: of a version that CMake 3.22 does not read")
for kind in ("packagePresets", "workflowPresets"):
    if kind in presets:
        problems.append(f"CMakePresets.json: {kind} came with CMake 3.25")
tree.report(problems, files and f"{len(files)} files of CMake")
