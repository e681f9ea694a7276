namespace Sosia.Theory.Tests;

/// <summary>(E, M, P, R) of the toy, with a timer and a unit that can be withheld as further resources.</summary>
internal sealed class ToyState
{
    public bool IsUser { get; set; }

    public uint Accumulator { get; set; }

    public uint Memory { get; set; }

    public uint Relocation { get; set; }

    public uint Timer { get; set; }

    public bool IsUnitGranted { get; init; }

    public uint Clock { get; init; }
}
