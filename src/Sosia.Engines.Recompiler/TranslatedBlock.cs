using System;
using Sosia.Jit;

namespace Sosia.Engines.Recompiler;

/// <summary>A block of guest code and what became of it.</summary>
public readonly ref struct TranslatedBlock
{
    /// <summary>The instruction pointer of its first instruction, as it was translated; the same code may run at other addresses too.</summary>
    public required ulong Rip { get; init; }

    /// <summary>Guest physical address of the first instruction.</summary>
    public required ulong GuestPhysical { get; init; }

    /// <summary>Code width: 16, 32 or 64.</summary>
    public required int CodeBits { get; init; }

    /// <summary>Instructions in it.</summary>
    public required int InstructionCount { get; init; }

    /// <summary>Its bytes.</summary>
    public required ReadOnlySpan<byte> GuestCode { get; init; }

    /// <summary>The intermediate code.</summary>
    public required IrBlock Ir { get; init; }

    /// <summary>The host code, without what lies outside the block.</summary>
    public required ReadOnlySpan<byte> HostCode { get; init; }

    /// <summary>Where it is executed.</summary>
    public required long HostAddress { get; init; }
}
