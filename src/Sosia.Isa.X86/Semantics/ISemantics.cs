using Sosia.Isa.X86.Semantics.Control;

namespace Sosia.Isa.X86.Semantics;

/// <summary>
/// What an instruction's meaning is written in: the operations on 64-bit values, operands and flags that either do the work at once
/// (<c>V</c> = <see cref="ulong"/>, <see cref="Interpreting{TWidth, TDestination, TSource}"/>) or record it as intermediate code
/// (<c>V</c> = a value of that code).
/// </summary>
/// <remarks>
/// Operand values are zero-extended to 64 bits. Arithmetic is 64-bit; <see cref="Truncate"/> brings a result back to the operand
/// width. A meaning reads, computes and commits last; after anything that can fault it says <c>if (s.Faulted) return;</c>.
/// </remarks>
/// <typeparam name="V">The type of a value.</typeparam>
public interface ISemantics<V>
{
    /// <summary>The operand width: 8, 16, 32 or 64 bits.</summary>
    int Bits { get; }

    /// <summary>True when the instruction has faulted; a constant false while code is being recorded.</summary>
    bool Faulted { get; }

    /// <summary>True when operand 0 is a register.</summary>
    bool DestinationIsRegister { get; }

    /// <summary>True when operand 1 is an immediate.</summary>
    bool SourceIsImmediate { get; }

    /// <summary>The lazy flags' result word (see <see cref="State.LazyFlags"/>).</summary>
    V FlagResult { get; set; }

    /// <summary>The lazy flags' carry word (see <see cref="State.LazyFlags"/>).</summary>
    V FlagCarries { get; set; }

    /// <summary>Operand 0, which will not be written.</summary>
    V ReadDestination();

    /// <summary>Operand 0, which will be written: memory is checked for write permission now.</summary>
    V ReadDestinationForUpdate();

    /// <summary>Operand 1.</summary>
    V ReadSource();

    /// <summary>Operand 1 where its width differs from operand 0's: the low part of a register, or memory of that width.</summary>
    /// <param name="bits">8, 16, 32 or 64; a constant.</param>
    V ReadSource(int bits);

    /// <summary>Moves the memory operand by a number of bytes (bit strings); to be called before its first access.</summary>
    void OffsetMemory(V byteOffset);

    /// <summary>The register named by VEX.vvvv.</summary>
    V ReadThird();

    /// <summary>The immediate operand.</summary>
    V ReadImmediate();

    /// <summary>The memory operand's effective address (LEA), without its segment.</summary>
    V EffectiveAddress();

    /// <summary>Writes operand 0; can fault unless it was read for update.</summary>
    void WriteDestination(V value);

    /// <summary>Writes operand 1, which is a register.</summary>
    void WriteSource(V value);

    /// <summary>Writes the register named by VEX.vvvv.</summary>
    void WriteThird(V value);

    /// <summary>A general register at operand width; for 8-bit operands the low byte.</summary>
    V ReadRegister(int number);

    /// <summary>Writes a general register at operand width (32-bit writes clear the upper half).</summary>
    void WriteRegister(int number, V value);

    /// <summary>Writes a general register at operand width when the condition is not 0; leaves all 64 bits alone otherwise.</summary>
    void WriteRegisterIf(V condition, int number, V value);

    /// <summary>Writes operand 0, a register, when the condition is not 0; leaves all 64 bits alone otherwise.</summary>
    void WriteDestinationIf(V condition, V value);

    /// <summary>A 16-bit register, whatever the operand width (AX of 8-bit multiplication).</summary>
    V ReadRegister16(int number);

    /// <summary>Writes a 16-bit register, whatever the operand width.</summary>
    void WriteRegister16(int number, V value);

    /// <summary>Raises an exception without error code when the condition is not 0; then <see cref="Faulted"/>.</summary>
    void FaultIf(V condition, byte vector);

    /// <summary>A constant.</summary>
    V Constant(ulong value);

    /// <summary>Cuts to the operand width, zero-extended.</summary>
    V Truncate(V value);

    /// <summary>Sign-extends from the operand width to 64 bits.</summary>
    V SignExtend(V value);

    /// <summary>Sign-extends from the given width to 64 bits.</summary>
    V SignExtend(V value, int bits);

    /// <summary>Zero-extends from the given width.</summary>
    V ZeroExtend(V value, int bits);

    /// <summary>a + b.</summary>
    V Add(V a, V b);

    /// <summary>a − b.</summary>
    V Subtract(V a, V b);

    /// <summary>The low 64 bits of a × b.</summary>
    V Multiply(V a, V b);

    /// <summary>The high 64 bits of the unsigned product.</summary>
    V MultiplyHighUnsigned(V a, V b);

    /// <summary>The high 64 bits of the signed product.</summary>
    V MultiplyHighSigned(V a, V b);

    /// <summary>
    /// The quotient of the 128-bit dividend high:low by the divisor, unsigned. The divisor must be above <paramref name="high"/>, which
    /// also says that it is not 0 and that the quotient fits.
    /// </summary>
    V DivideUnsigned(V high, V low, V divisor, out V remainder);

    /// <summary>Bitwise and.</summary>
    V And(V a, V b);

    /// <summary>Bitwise or.</summary>
    V Or(V a, V b);

    /// <summary>Bitwise exclusive or.</summary>
    V Xor(V a, V b);

    /// <summary>Bitwise complement.</summary>
    V Not(V a);

    /// <summary>a &lt;&lt; count, count taken modulo 64.</summary>
    V ShiftLeft(V a, V count);

    /// <summary>Logical a &gt;&gt; count, count taken modulo 64.</summary>
    V ShiftRight(V a, V count);

    /// <summary>Arithmetic a &gt;&gt; count, count taken modulo 64.</summary>
    V ShiftRightArithmetic(V a, V count);

    /// <summary>1 when a = b, else 0.</summary>
    V Equal(V a, V b);

    /// <summary>1 when a &lt; b unsigned, else 0.</summary>
    V LessUnsigned(V a, V b);

    /// <summary>a when the condition is not 0, else b.</summary>
    V Select(V condition, V a, V b);

    /// <summary>How many zero bits stand above the highest one; 64 for 0.</summary>
    V LeadingZeros(V a);

    /// <summary>How many zero bits stand below the lowest one; 64 for 0.</summary>
    V TrailingZeros(V a);

    /// <summary>How many bits are set.</summary>
    V PopCount(V a);

    /// <summary>Reverses the eight bytes.</summary>
    V ReverseBytes(V a);

    /// <summary>Scatters the low bits of a value to the set bits of a mask (PDEP).</summary>
    V DepositBits(V value, V mask);

    /// <summary>Gathers the bits of a value at the set bits of a mask (PEXT).</summary>
    V ExtractBits(V value, V mask);

    /// <summary>Continues a CRC-32C (polynomial 0x11EDC6F41, bits reflected) over 8, 16, 32 or 64 bits of data.</summary>
    V Crc32(V crc, V data, int bits);

    /// <summary>The flags' carry word after result = a + b (+ carry), all cut to the operand width.</summary>
    V AddCarries(V a, V b, V result);

    /// <summary>The flags' carry word after result = a − b (− borrow), all cut to the operand width.</summary>
    V SubtractCarries(V a, V b, V result);

    /// <summary>1 when a condition on the flags holds, else 0.</summary>
    V Holds<TCondition>()
        where TCondition : struct, ICondition;
}
