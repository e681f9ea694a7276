namespace Sosia.Isa.X86;

/// <content>Model-specific registers.</content>
public sealed unsafe partial class X86Cpu
{
    // Fast strings; no branch trace store, no precise event sampling.
    private const ulong MiscEnablePowerOn = 1 | (1 << 11) | (1 << 12);
}
