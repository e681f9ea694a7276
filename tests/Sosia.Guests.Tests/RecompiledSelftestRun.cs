namespace Sosia.Guests.Tests;

/// <summary>The same programs under the recompiler.</summary>
public sealed class RecompiledSelftestRun() : SelftestRun("recompiler");
