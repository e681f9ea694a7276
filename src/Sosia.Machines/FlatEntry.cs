namespace Sosia.Machines;

/// <summary>The processor mode in which a flat binary begins.</summary>
public enum FlatEntry
{
    /// <summary>Real mode below 1 MiB, 32-bit protected mode from there on.</summary>
    Auto,

    /// <summary>Real mode, with CS:IP at the binary's first byte.</summary>
    Real,

    /// <summary>32-bit protected mode with flat segments and paging off.</summary>
    Protected32,
}
