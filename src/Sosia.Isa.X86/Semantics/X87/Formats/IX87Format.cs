using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>A memory format that the x87 converts from and to.</summary>
internal interface IX87Format
{
    /// <summary>2, 4 or 8.</summary>
    static abstract int ByteCount { get; }

    /// <summary>What a masked invalid operation stores.</summary>
    static abstract ulong Indefinite { get; }

    /// <summary>Converts for a load, which raises the exceptions of the conversion.</summary>
    static abstract Float80 Load(ulong bits, ref FpEnvironment env);

    /// <summary>Widens for an operation or comparison, which raises the exceptions of its operands itself.</summary>
    static abstract Float80 Widen(ulong bits, ref FpEnvironment env);

    /// <summary>Converts for a store.</summary>
    static abstract ulong Store(Float80 value, ref FpEnvironment env);
}
