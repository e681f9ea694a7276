using Xunit;

namespace Sosia.Guests.Tests;

/// <inheritdoc/>
[Trait("Category", "Boot")]
public sealed class InterpretedSelftestTests(SelftestRun run) : SelftestTests(run), IClassFixture<SelftestRun>;
