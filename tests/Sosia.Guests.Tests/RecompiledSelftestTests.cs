using Xunit;

namespace Sosia.Guests.Tests;

/// <inheritdoc/>
[Trait("Category", "Boot")]
public sealed class RecompiledSelftestTests(RecompiledSelftestRun run) : SelftestTests(run), IClassFixture<RecompiledSelftestRun>;
