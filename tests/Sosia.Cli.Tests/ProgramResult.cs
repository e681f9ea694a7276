using System;

namespace Sosia.Cli.Tests;

/// <summary>What came of running the program.</summary>
internal sealed record ProgramResult(int Status, string Output, string Errors)
{
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override string ToString() => $"status {Status}\n--- output\n{Output}\n--- errors\n{Errors}";
}
