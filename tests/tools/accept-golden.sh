#!/usr/bin/env bash
# Writes the golden files of translations (tests/Sosia.Engines.Recompiler.Tests/Golden/*.txt) anew, and shows what has changed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
SOSIA_ACCEPT_GOLDEN=1 dotnet test tests/Sosia.Engines.Recompiler.Tests -c Release --nologo -v quiet --filter FullyQualifiedName~GoldenTests
git diff --stat -- tests/Sosia.Engines.Recompiler.Tests/Golden
git status --short -- tests/Sosia.Engines.Recompiler.Tests/Golden
