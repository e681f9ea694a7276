using System;

namespace Sosia.Jit.X64;

/// <summary>
/// A memory operand: [base + index * scale + displacement], any of them absent, or an address reached relative to RIP.
/// The assembler chooses the shortest displacement.
/// </summary>
/// <remarks>SDM vol. 2, 2.1.3 to 2.1.5 and 2.2.1.6.</remarks>
public readonly struct Mem
{
    internal const byte NoRegister = 16;
    internal const byte RipBase = 17;

    /// <summary>[base + displacement].</summary>
    /// <param name="baseRegister">Any register.</param>
    /// <param name="displacement">In bytes.</param>
    public Mem(Gpr baseRegister, int displacement = 0)
        : this((byte)baseRegister, NoRegister, 0, displacement)
    {
    }

    /// <summary>[base + index * scale + displacement].</summary>
    /// <param name="baseRegister">Any register.</param>
    /// <param name="index">Any register but RSP.</param>
    /// <param name="scale">1, 2, 4 or 8.</param>
    /// <param name="displacement">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">The hardware has no such operand.</exception>
    public Mem(Gpr baseRegister, Gpr index, int scale = 1, int displacement = 0)
        : this((byte)baseRegister, CheckedIndex(index), ScaleLog2Of(scale), displacement)
    {
    }

    private Mem(byte baseNumber, byte indexNumber, byte scaleLog2, long displacement)
    {
        BaseNumber = baseNumber;
        IndexNumber = indexNumber;
        ScaleLog2 = scaleLog2;
        Displacement = displacement;
    }

    /// <summary>The base register's number, <see cref="NoRegister"/> or <see cref="RipBase"/>.</summary>
    internal byte BaseNumber { get; }

    /// <summary>The index register's number or <see cref="NoRegister"/>.</summary>
    internal byte IndexNumber { get; }

    /// <summary>The scale as a power of two.</summary>
    internal byte ScaleLog2 { get; }

    /// <summary>The displacement (32 bits, signed), or the target's execute address when the base is RIP.</summary>
    internal long Displacement { get; }

    /// <summary>[index * scale + displacement], without a base; the displacement takes four bytes.</summary>
    /// <param name="index">Any register but RSP.</param>
    /// <param name="scale">1, 2, 4 or 8.</param>
    /// <param name="displacement">In bytes.</param>
    /// <returns>The operand.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The hardware has no such operand.</exception>
    public static Mem Scaled(Gpr index, int scale, int displacement = 0) =>
        new(NoRegister, CheckedIndex(index), ScaleLog2Of(scale), displacement);

    /// <summary>The address itself: the lowest 2 GiB or, negative, the highest 2 GiB of the host's address space.</summary>
    /// <param name="address">The address, sign-extended to 64 bits.</param>
    /// <returns>The operand.</returns>
    public static Mem Absolute(int address) => new(NoRegister, NoRegister, 0, address);

    /// <summary>A fixed place within 2 GiB of the instruction, encoded relative to RIP.</summary>
    /// <param name="executeAddress">Where the operand is, as running code sees it.</param>
    /// <returns>The operand.</returns>
    public static Mem Rip(long executeAddress) => new(RipBase, NoRegister, 0, executeAddress);

    /// <summary>[base + vector index * scale + displacement], for gathers only (SDM vol. 2, 2.3.12, VSIB).</summary>
    /// <param name="baseRegister">Any register.</param>
    /// <param name="index">The vector register of indices.</param>
    /// <param name="scale">1, 2, 4 or 8.</param>
    /// <param name="displacement">In bytes.</param>
    /// <returns>The operand.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The hardware has no such operand.</exception>
    public static Mem Vector(Gpr baseRegister, Xmm index, int scale, int displacement = 0) =>
        new((byte)baseRegister, (byte)index, ScaleLog2Of(scale), displacement);

    private static byte CheckedIndex(Gpr index) =>
        index != Gpr.Rsp ? (byte)index : throw new ArgumentOutOfRangeException(nameof(index), index, "RSP cannot be an index register.");

    private static byte ScaleLog2Of(int scale) => scale switch
    {
        1 => 0,
        2 => 1,
        4 => 2,
        8 => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(scale), scale, "The scale must be 1, 2, 4 or 8."),
    };
}
