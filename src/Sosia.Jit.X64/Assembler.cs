using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Sosia.Jit.X64;

/// <summary>
/// Writes x86-64 machine code into a buffer of the caller, one method call per instruction, choosing the shortest encoding.
/// </summary>
/// <remarks>
/// The buffer has two addresses: the one that is written and the one the code runs at (see <see cref="CodeCache"/>).
/// A full buffer is an ordinary event: nothing more is written, <see cref="Overflowed"/> becomes true and further calls have no effect.
/// Operand widths are 8, 16, 32 or 64 bits; as in the hardware a 32-bit result clears the upper half of its register.
/// Operands the hardware does not have are mistakes of the caller and throw. Nothing allocates once the label table has grown.
/// One instance serves one thread. Encodings: SDM vol. 2, chapter 2 and the instruction's own page.
/// </remarks>
public sealed unsafe partial class Assembler
{
    /// <summary>An instruction is written only when so many bytes are free, whatever its own length.</summary>
    public const int InstructionRoomByteCount = 16;

    private readonly byte[] _discarded = GC.AllocateUninitializedArray<byte>(2 * InstructionRoomByteCount, pinned: true);

    private byte* _start;
    private byte* _next;
    private byte* _end;

    // The last place an instruction may begin; null once overflowed, so that one comparison serves both.
    private byte* _last;
    private long _execute;
    private int _overflowPosition;

    /// <summary>The number of bytes written so far: the offset of the next instruction. It stands still once overflowed.</summary>
    public int Position => Overflowed ? _overflowPosition : (int)(_next - _start);

    /// <summary>Whether the buffer was too small; what was written before is intact but incomplete.</summary>
    public bool Overflowed { get; private set; }

    /// <summary>Begins a new piece of code and forgets all labels.</summary>
    /// <param name="write">Where the bytes are stored.</param>
    /// <param name="execute">Where they will run.</param>
    /// <param name="byteCount">The size of the buffer; not one byte beyond is written.</param>
    public void Begin(byte* write, byte* execute, int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(byteCount);
        _start = write;
        _next = write;
        _end = write + byteCount;
        _last = byteCount >= InstructionRoomByteCount ? _end - InstructionRoomByteCount : null;
        _execute = (long)execute;
        Overflowed = false;
        ForgetLabels();
    }

    /// <summary>The address at which a place in the code will run.</summary>
    /// <param name="position">An offset as <see cref="Position"/> gives it.</param>
    /// <returns>The host virtual address.</returns>
    public long ExecuteAddress(int position) => _execute + position;

    /// <summary>Whether every instruction of this buffer can name an address by a signed 32-bit distance.</summary>
    /// <param name="executeAddress">A host virtual address.</param>
    /// <returns>Whether direct jumps, calls and RIP-relative operands reach it.</returns>
    public bool CanReach(long executeAddress) =>
        IsInt32(executeAddress - _execute) && IsInt32(executeAddress - (_execute + (_end - _start)));

    /// <summary>Writes bytes as they are: constants beside the code, or an instruction this class does not know.</summary>
    /// <param name="bytes">Any number of bytes.</param>
    public void Emit(ReadOnlySpan<byte> bytes)
    {
        // Data need no room to spare, but are never split.
        if (Overflowed || _end - _next < bytes.Length)
        {
            Overflow();
            return;
        }

        // SAFETY: just checked that the bytes fit before the end of the buffer.
        bytes.CopyTo(new Span<byte>(_next, bytes.Length));
        _next += bytes.Length;
    }

    /// <summary>Writes a 64-bit constant.</summary>
    /// <param name="value">Any value; <see cref="Align"/> first where alignment matters.</param>
    public void EmitInt64(long value) => Emit(MemoryMarshal.AsBytes(new ReadOnlySpan<long>(in value)));

    /// <summary>Pads with NOPs until the next instruction runs at a multiple of a power of two.</summary>
    /// <param name="byteCount">The power of two.</param>
    public void Align(int byteCount) => PadUntilAligned(byteCount, 0);

    // Returns where the next instruction is to be written: there is room for any.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Open()
    {
        byte* p = _next;
        return p <= _last ? p : Overflow();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* Overflow()
    {
        if (!Overflowed)
        {
            _overflowPosition = (int)(_next - _start);
            Overflowed = true;
            _last = null;
        }

        // SAFETY: the array is pinned for its whole life and holds more than one instruction.
        return (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_discarded));
    }

    // Only after Open() and before the instruction is closed, when not overflowed.
    private long ExecuteAddressOf(byte* p) => _execute + (p - _start);

    // Pads so that what begins ahead bytes after the next instruction's first byte is aligned.
    private void PadUntilAligned(int byteCount, int ahead)
    {
        int padding = (int)(-(_execute + Position + ahead) & (byteCount - 1));
        if (padding != 0)
        {
            Nop(padding);
        }
    }

    private static bool IsInt8(long value) => value == (sbyte)value;

    private static bool IsInt32(long value) => value == (int)value;
}
