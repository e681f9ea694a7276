using System;
using System.Runtime.CompilerServices;
using System.Threading;

namespace Sosia.Jit.X64;

/// <content>Labels, jumps, calls, and the patching of jumps that exist already.</content>
public sealed unsafe partial class Assembler
{
    private const uint NearJmp = 0xE9;
    private const uint NearCall = 0xE8;
    private const uint NearJcc = Map0F | 0x80;

    // Element 0 belongs to no label.
    private LabelState[] _labels = new LabelState[64];
    private int _labelCount;

    /// <summary>Makes a label whose place is not known yet.</summary>
    /// <returns>The label.</returns>
    public Label NewLabel()
    {
        int number = ++_labelCount;
        if (number == _labels.Length)
        {
            Array.Resize(ref _labels, 2 * number);
        }

        _labels[number] = LabelState.New;
        return new Label(number);
    }

    /// <summary>Puts a label at the current position and completes the jumps that named it before.</summary>
    /// <param name="label">A label that has no place yet.</param>
    /// <exception cref="InvalidOperationException">The label has a place, or a short jump to it is too far away.</exception>
    public void Bind(Label label)
    {
        ref LabelState state = ref StateOf(label);
        if (state.Position >= 0)
        {
            throw new InvalidOperationException("The label has a place already.");
        }

        state.Position = Position;
        if (Overflowed)
        {
            return;
        }

        // SAFETY: the positions in both chains are of fields that were written whole into the buffer.
        // Each 32-bit field holds the position of the previous field of the same label, or -1.
        for (int field = state.LastNear; field >= 0;)
        {
            int previous = Unsafe.ReadUnaligned<int>(_start + field);
            Unsafe.WriteUnaligned(_start + field, state.Position - (field + 4));
            field = previous;
        }

        // Each 8-bit field holds how far back the previous one is, or 0: all of them are within 127 bytes of the label.
        for (int field = state.LastShort; field >= 0;)
        {
            int back = _start[field];
            int distance = state.Position - (field + 1);
            if (distance > sbyte.MaxValue)
            {
                throw ShortJumpTooFar();
            }

            _start[field] = (byte)distance;
            field = back == 0 ? -1 : field - back;
        }
    }

    /// <summary>JMP to a label: two bytes if it is bound and near, otherwise five.</summary>
    /// <param name="target">Bound or not.</param>
    public void Jmp(Label target) => Branch(0xEB, NearJmp, target);

    /// <summary>Jcc to a label: two bytes if it is bound and near, otherwise six.</summary>
    /// <param name="condition">When to jump.</param>
    /// <param name="target">Bound or not.</param>
    public void Jcc(Condition condition, Label target) => Branch(0x70u | (uint)condition, NearJcc | (uint)condition, target);

    /// <summary>JMP to a label that the caller knows to be within 127 bytes: two bytes.</summary>
    /// <param name="target">Bound or not; if it turns out to be farther, this or <see cref="Bind"/> throws.</param>
    public void JmpShort(Label target) => BranchShort(0xEB, target);

    /// <summary>Jcc to a label that the caller knows to be within 127 bytes: two bytes.</summary>
    /// <param name="condition">When to jump.</param>
    /// <param name="target">Bound or not; if it turns out to be farther, this or <see cref="Bind"/> throws.</param>
    public void JccShort(Condition condition, Label target) => BranchShort(0x70u | (uint)condition, target);

    /// <summary>CALL of a label.</summary>
    /// <param name="target">Bound or not.</param>
    public void Call(Label target) => Near(NearCall, target);

    /// <summary>LEA of a label's execute address, relative to RIP.</summary>
    /// <param name="destination">Written, 64 bits.</param>
    /// <param name="target">Bound or not.</param>
    public void Lea(Gpr destination, Label target)
    {
        byte* p = Head(Open(), 0x8D | RexW, 8 | (int)destination >> 3 << 2);
        *p++ = (byte)(((int)destination & 7) << 3 | 5);
        NearField(p, target);
    }

    /// <summary>JMP to an execute address: two bytes if it is near, otherwise five.</summary>
    /// <param name="executeAddress">The target; must be reachable (<see cref="CanReach"/>).</param>
    public void Jmp(long executeAddress) => Branch(0xEB, NearJmp, executeAddress);

    /// <summary>Jcc to an execute address: two bytes if it is near, otherwise six.</summary>
    /// <param name="condition">When to jump.</param>
    /// <param name="executeAddress">The target; must be reachable (<see cref="CanReach"/>).</param>
    public void Jcc(Condition condition, long executeAddress) =>
        Branch(0x70u | (uint)condition, NearJcc | (uint)condition, executeAddress);

    /// <summary>CALL of an execute address.</summary>
    /// <param name="executeAddress">The target; must be reachable (<see cref="CanReach"/>).</param>
    public void Call(long executeAddress) => Near(NearCall, executeAddress);

    /// <summary>CALL of any address: direct where that reaches, otherwise through a register.</summary>
    /// <param name="executeAddress">The target.</param>
    /// <param name="scratch">May be overwritten with the target.</param>
    public void Call(long executeAddress, Gpr scratch)
    {
        if (CanReach(executeAddress))
        {
            Call(executeAddress);
        }
        else
        {
            MovImmediate(scratch, executeAddress);
            Call(scratch);
        }
    }

    /// <summary>JMP with a 32-bit distance in an aligned field, which <see cref="PatchRel32"/> may change while the code runs.</summary>
    /// <param name="executeAddress">The first target; must be reachable (<see cref="CanReach"/>).</param>
    /// <returns>The position of the field.</returns>
    public int JmpPatchable(long executeAddress) => NearPatchable(NearJmp, executeAddress);

    /// <summary>JMP with a 32-bit distance in an aligned field, which <see cref="PatchRel32"/> may change while the code runs.</summary>
    /// <param name="target">The first target, bound or not.</param>
    /// <returns>The position of the field.</returns>
    public int JmpPatchable(Label target) => NearPatchable(NearJmp, target);

    /// <summary>Jcc with a 32-bit distance in an aligned field, which <see cref="PatchRel32"/> may change while the code runs.</summary>
    /// <param name="condition">When to jump.</param>
    /// <param name="executeAddress">The first target; must be reachable (<see cref="CanReach"/>).</param>
    /// <returns>The position of the field.</returns>
    public int JccPatchable(Condition condition, long executeAddress) => NearPatchable(NearJcc | (uint)condition, executeAddress);

    /// <summary>Jcc with a 32-bit distance in an aligned field, which <see cref="PatchRel32"/> may change while the code runs.</summary>
    /// <param name="condition">When to jump.</param>
    /// <param name="target">The first target, bound or not.</param>
    /// <returns>The position of the field.</returns>
    public int JccPatchable(Condition condition, Label target) => NearPatchable(NearJcc | (uint)condition, target);

    /// <summary>
    /// Gives an existing jump, call or RIP-relative operand a new target by one aligned 4-byte store; other threads may be running it.
    /// </summary>
    /// <param name="writeField">The field with the distance where it can be written, 4-byte aligned.</param>
    /// <param name="executeField">The same field where it runs; the instruction ends after it.</param>
    /// <param name="executeAddress">The new target.</param>
    /// <exception cref="ArgumentOutOfRangeException">The field is not aligned or the target not reachable.</exception>
    /// <remarks>A jump that is re-linked while other processors run it: SDM vol. 3, 9.1.1 (aligned stores are atomic).</remarks>
    public static void PatchRel32(byte* writeField, long executeField, long executeAddress)
    {
        if (((nint)writeField & 3) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(writeField), "The field must be 4-byte aligned.");
        }

        long distance = executeAddress - (executeField + 4);
        if (!IsInt32(distance))
        {
            throw OutOfReach(executeAddress);
        }

        // SAFETY: the caller names a field of code it owns; the alignment was checked.
        Volatile.Write(ref *(int*)writeField, (int)distance);
    }

    /// <summary>The target of a jump, call or RIP-relative operand.</summary>
    /// <param name="writeField">The field with the distance, at either address.</param>
    /// <param name="executeField">The same field where it runs; the instruction ends after it.</param>
    /// <returns>The execute address.</returns>
    public static long ReadRel32(byte* writeField, long executeField) =>
        executeField + 4 + Unsafe.ReadUnaligned<int>(writeField);

    /// <summary>JMP to the address in a register.</summary>
    /// <param name="target">Holds the execute address.</param>
    public void Jmp(Gpr target) => Modrm(0xFF, 4, (int)target);

    /// <summary>JMP to the address in memory.</summary>
    /// <param name="target">Holds the execute address.</param>
    public void Jmp(in Mem target) => Modrm(0xFF, 4, target);

    /// <summary>CALL of the address in a register.</summary>
    /// <param name="target">Holds the execute address.</param>
    public void Call(Gpr target) => Modrm(0xFF, 2, (int)target);

    /// <summary>CALL of the address in memory.</summary>
    /// <param name="target">Holds the execute address.</param>
    public void Call(in Mem target) => Modrm(0xFF, 2, target);

    /// <summary>RET.</summary>
    public void Ret() => Plain(0xC3);

    /// <summary>INT3.</summary>
    public void Int3() => Plain(0xCC);

    /// <summary>UD2.</summary>
    public void Ud2() => Plain(Map0F | 0x0B);

    /// <summary>PAUSE.</summary>
    public void Pause() => Plain(PrefixF3 | 0x90);

    /// <summary>MFENCE.</summary>
    public void Mfence() => Modrm(Map0F | 0xAE, 6, 0);

    /// <summary>LFENCE.</summary>
    public void Lfence() => Modrm(Map0F | 0xAE, 5, 0);

    /// <summary>SFENCE.</summary>
    public void Sfence() => Modrm(Map0F | 0xAE, 7, 0);

    /// <summary>As few NOPs as fill a number of bytes (SDM vol. 2B, NOP, recommended forms of one to nine bytes).</summary>
    /// <param name="byteCount">Any number.</param>
    public void Nop(int byteCount = 1)
    {
        while (byteCount > 0 && !Overflowed)
        {
            int length = Math.Min(byteCount, 9);
            byte* p = Open();
            NopForm(length).CopyTo(new Span<byte>(p, length));
            _next = p + length;
            byteCount -= length;
        }
    }

    private static ReadOnlySpan<byte> NopForm(int byteCount) => byteCount switch
    {
        1 => [0x90],
        2 => [0x66, 0x90],
        3 => [0x0F, 0x1F, 0x00],
        4 => [0x0F, 0x1F, 0x40, 0x00],
        5 => [0x0F, 0x1F, 0x44, 0x00, 0x00],
        6 => [0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00],
        7 => [0x0F, 0x1F, 0x80, 0x00, 0x00, 0x00, 0x00],
        8 => [0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        _ => [0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
    };

    private static InvalidOperationException ShortJumpTooFar() => new("The target of a short jump is more than 127 bytes away.");

    private ref LabelState StateOf(Label label)
    {
        if (label.Number == 0 || label.Number > _labelCount)
        {
            throw new ArgumentException("The label does not belong to this code.", nameof(label));
        }

        return ref _labels[label.Number];
    }

    private void ForgetLabels() => _labelCount = 0;

    private void Branch(uint shortOpcode, uint nearOpcode, Label target)
    {
        ref LabelState state = ref StateOf(target);
        if (state.Position >= 0 && IsInt8(state.Position - (Position + 2)))
        {
            BranchShort(shortOpcode, target);
        }
        else
        {
            Near(nearOpcode, target);
        }
    }

    private void Branch(uint shortOpcode, uint nearOpcode, long executeAddress)
    {
        long distance = executeAddress - (_execute + Position + 2);
        if (IsInt8(distance))
        {
            _next = Immediate(Head(Open(), shortOpcode, 0), (int)distance, 1);
        }
        else
        {
            Near(nearOpcode, executeAddress);
        }
    }

    private void BranchShort(uint opcode, Label target)
    {
        ref LabelState state = ref StateOf(target);
        byte* p = Head(Open(), opcode, 0);
        if (Overflowed)
        {
            return;
        }

        int field = (int)(p - _start);
        int value;
        if (state.Position >= 0)
        {
            value = state.Position - (field + 1);
            if (!IsInt8(value))
            {
                throw ShortJumpTooFar();
            }
        }
        else
        {
            value = state.LastShort >= 0 ? field - state.LastShort : 0;
            if (value > sbyte.MaxValue)
            {
                throw ShortJumpTooFar();
            }

            state.LastShort = field;
        }

        // SAFETY: Open() left room for a whole instruction.
        *p = (byte)value;
        _next = p + 1;
    }

    private void Near(uint opcode, Label target) => NearField(Head(Open(), opcode, 0), target);

    // Completes an instruction whose last part is the 32-bit distance to a label.
    private void NearField(byte* p, Label target)
    {
        ref LabelState state = ref StateOf(target);
        if (Overflowed)
        {
            return;
        }

        int field = (int)(p - _start);
        int value = state.Position - (field + 4);
        if (state.Position < 0)
        {
            value = state.LastNear;
            state.LastNear = field;
        }

        _next = Immediate(p, value, 4);
    }

    private void Near(uint opcode, long executeAddress)
    {
        byte* p = Head(Open(), opcode, 0);
        _next = Immediate(p, Distance(p + 4, executeAddress), 4);
    }

    private int NearPatchable(uint opcode, Label target)
    {
        PadUntilAligned(4, OpcodeByteCount(opcode));
        Near(opcode, target);
        return Position - 4;
    }

    private int NearPatchable(uint opcode, long executeAddress)
    {
        PadUntilAligned(4, OpcodeByteCount(opcode));
        Near(opcode, executeAddress);
        return Position - 4;
    }

    private static int OpcodeByteCount(uint opcode) => (opcode & MapMask) != 0 ? 2 : 1;

    private struct LabelState
    {
        // The label's position, or -1; and the positions of the last fields that wait for it, or -1.
        public int Position;
        public int LastNear;
        public int LastShort;

        public static LabelState New => new() { Position = -1, LastNear = -1, LastShort = -1 };
    }
}
