using Xunit;

namespace Sosia.Guests.Tests;

/// <inheritdoc/>
[Trait("Category", "Boot")]
public sealed class RecompiledTcgTests(RecompiledTcgRun run) : TcgTests(run), IClassFixture<RecompiledTcgRun>;
