namespace Sosia.Engines.Kvm;

/// <summary>What can be chosen about the engine.</summary>
public sealed record KvmOptions
{
    /// <summary>The usual.</summary>
    public static readonly KvmOptions Default = new();

    /// <summary>Which interrupt controllers are the kernel's.</summary>
    public KvmIrqChip IrqChip { get; init; }
}
