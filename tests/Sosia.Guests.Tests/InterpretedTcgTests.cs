using Xunit;

namespace Sosia.Guests.Tests;

/// <inheritdoc/>
[Trait("Category", "Boot")]
public sealed class InterpretedTcgTests(TcgRun run) : TcgTests(run), IClassFixture<TcgRun>;
