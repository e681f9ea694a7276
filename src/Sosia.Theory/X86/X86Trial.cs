using System;
using Sosia.Isa.X86.Disassembly;

namespace Sosia.Theory.X86;

/// <summary>An x86 instruction and a state around it; one object is filled again and again.</summary>
internal sealed class X86Trial : Trial
{
    private readonly int _codeBits;

    /// <summary>Creates an empty trial.</summary>
    public X86Trial(int codeBits, int resourceCount)
    {
        _codeBits = codeBits;
        Resources = new ulong[resourceCount];
        OtherResources = new ulong[resourceCount];
    }

    /// <inheritdoc/>
    public override string Instruction => Disassembler.Disassemble(Bytes, _codeBits, X86Layout.Code, out _);

    /// <inheritdoc/>
    public override string Encoding => Convert.ToHexString(Bytes);

    /// <summary>Grows with every new filling, so that the bench knows what it has in memory.</summary>
    public long Version { get; set; }

    /// <summary>The instruction.</summary>
    public byte[] Bytes { get; set; } = [];

    /// <summary>General registers in encoding order.</summary>
    public ulong[] General { get; } = new ulong[16];

    /// <summary>The flags that are the program's own.</summary>
    public ulong Flags { get; set; }

    /// <summary>Vector registers.</summary>
    public ulong[] Vector { get; } = new ulong[64];

    /// <summary>x87 registers, two words each.</summary>
    public ulong[] X87 { get; } = new ulong[16];

    /// <summary>x87 control word.</summary>
    public ushort Fcw { get; set; }

    /// <summary>x87 status word.</summary>
    public ushort Fsw { get; set; }

    /// <summary>x87 tags.</summary>
    public byte Ftw { get; set; }

    /// <summary>Memory for operands.</summary>
    public byte[] Scratch { get; } = new byte[X86Layout.ScratchByteCount];

    /// <summary>The stack's memory.</summary>
    public byte[] Stack { get; } = new byte[X86Layout.StackByteCount];

    /// <summary>A value for every resource aspect.</summary>
    public ulong[] Resources { get; }

    /// <summary>Another value for every resource aspect.</summary>
    public ulong[] OtherResources { get; }
}
