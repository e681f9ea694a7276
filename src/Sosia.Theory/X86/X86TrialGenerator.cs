using System;
using System.Buffers.Binary;
using Sosia.Isa.X86;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.State;

namespace Sosia.Theory.X86;

/// <summary>
/// Makes instructions of rows and states around them. It knows operands by the table's operand kinds alone, and puts what some instruction may want –
/// selectors, ports, register numbers, far pointers, frames – before all instructions alike.
/// </summary>
internal sealed class X86TrialGenerator
{
    private const int Rcx = 1;
    private const int Rsp = 4;

    // Ports and vectors of either kind of gate.
    private static readonly byte[] Bytes = [0, 1, 2, 3, 4, 0x20, 0x21, 0x40, 0x41, 0x60, 0x61, 0x70, 0x80, 0x81, 0xf0, 0xff];

    private static readonly ulong[] Numbers =
    [
        // Model-specific registers.
        0x10, 0x1b, 0x174, 0x175, 0x176, 0x1a0, 0x277, 0x2ff, 0xc000_0080, 0xc000_0081, 0xc000_0082, 0xc000_0084, 0xc000_0100, 0xc000_0102, 0xc000_0103,
        // CPUID leaves.
        1, 4, 7, 0xd, 0x8000_0001, 0x8000_0008,
        // Ports.
        0x20, 0x60, 0x70, 0x80, 0x3f8,
        // Values of control registers.
        0x8000_0011, 0x8000_0031, 0x8000_0033, 0x8005_0033, 0x20, 0x220, 0x620, 0x4_0620, 0x1000, 0x5000, 0x500, 0x501, 0xd01,
    ];

    // Noise to cut memory from: making it anew for every state would take longer than all the rest.
    private static readonly byte[] Noise = CreateNoise();

    private readonly int _codeBits;
    private readonly X86Trial _trial;
    private long _version;

    /// <summary>Creates a generator.</summary>
    public X86TrialGenerator(int codeBits)
    {
        _codeBits = codeBits;
        _trial = new X86Trial(codeBits, X86Resources.All.Length);
    }

    /// <summary>Fills the trial, of which there is one only.</summary>
    /// <returns>Null when the chosen form does not exist.</returns>
    public X86Trial? Generate(InstructionRow row, Random random)
    {
        int operandBits = 16 << random.Next(_codeBits == 64 ? 3 : 2);
        var instructions = new InstructionGenerator(random, X86Layout.Scratch, X86Layout.ScratchByteCount) { MakesBranches = true };
        if (instructions.Make(row, _codeBits, operandBits, random.Next(2) == 0, X86Layout.Code) is not { } instruction)
        {
            return null;
        }

        byte[] bytes = instruction.Bytes;
        AdjustImmediate(row, bytes, random);
        if (Decoder.Decode(bytes, _codeBits, out DecodedInstruction decoded) != DecodeStatus.Ok || decoded.Row != row || decoded.Length != bytes.Length)
        {
            return null;
        }

        _trial.Bytes = bytes;
        _trial.Version = ++_version;
        FillRegisters(random);
        FillMemory(instruction, decoded, random);
        SetAddress(instruction.Base);
        SetAddress(instruction.Index);
        for (int i = 0; i < X86Resources.All.Length; i++)
        {
            _trial.Resources[i] = X86Resources.All[i].Draw(random);
            _trial.OtherResources[i] = X86Resources.All[i].DrawOther(random, _trial.Resources[i]);
        }

        return _trial;
    }

    private static void AdjustImmediate(InstructionRow row, byte[] bytes, Random random)
    {
        if (row.Operands.Length == 0)
        {
            return;
        }

        OperandSpec last = row.Operands[^1];
        OperandSpec first = row.Operands[0];
        if (first.Kind == OperandKind.FarPointer)
        {
            int offsetByteCount = bytes[0] == 0x66 ? 2 : 4;
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(bytes.Length - 2), Selector(random));
            ReadOnlySpan<byte> offset = BitConverter.GetBytes(offsetByteCount == 2 ? X86Layout.Landing & 0xffff : X86Layout.Landing);
            offset[..offsetByteCount].CopyTo(bytes.AsSpan(bytes.Length - 2 - offsetByteCount));
        }
        else if ((IsByte(last) || IsByte(first)) && random.Next(2) == 0)
        {
            bytes[^1] = Bytes[random.Next(Bytes.Length)];
        }
    }

    private static byte[] CreateNoise()
    {
        byte[] noise = new byte[8 * X86Layout.ScratchByteCount];
        new Random(X86Layout.ScratchByteCount).NextBytes(noise);
        return noise;
    }

    private static void FillWithNoise(byte[] memory, Random random)
        => Noise.AsSpan(random.Next(Noise.Length - memory.Length), memory.Length).CopyTo(memory);

    private static bool IsByte(OperandSpec operand) => operand is { Kind: OperandKind.Immediate, Size: 'b' };

    private static ushort Selector(Random random) => X86Selectors.All[random.Next(X86Selectors.All.Length)];

    private void FillRegisters(Random random)
    {
        int style = random.Next(8);
        for (int i = 0; i < 16; i++)
        {
            ulong value = style switch
            {
                0 or 7 => Small(random),
                1 => Address(random),
                2 => (ulong)random.NextInt64(),
                3 or 4 => Selector(random),
                _ => Anything(random),
            };
            _trial.General[i] = _codeBits == 64 ? value : (uint)value;
        }

        if (style == 1)
        {
            _trial.General[Rcx] = (ulong)random.Next(20);
        }

        // Room for frames in both directions.
        _trial.General[Rsp] = X86Layout.Stack + 0x400 + (16 * (ulong)random.Next(0x80));
        _trial.Flags = (ulong)random.Next() & (LazyFlags.All | ControlBits.Df | (random.Next(4) == 0 ? ControlBits.Nt | ControlBits.Ac | ControlBits.Id : 0));
        bool areVectorsZero = random.Next(3) == 0;
        for (int i = 0; i < _trial.Vector.Length; i++)
        {
            _trial.Vector[i] = areVectorsZero ? 0 : (ulong)random.NextInt64() << 1;
        }

        for (int i = 0; i < 8; i++)
        {
            _trial.X87[2 * i] = (ulong)random.NextInt64() | (1UL << 63);
            _trial.X87[(2 * i) + 1] = (uint)(0x3fff + random.Next(-8, 8)) | (random.Next(2) == 0 ? 0x8000u : 0u);
        }

        _trial.Fcw = 0x37f;
        _trial.Fsw = (ushort)(random.Next(8) << 11);
        _trial.Ftw = random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(random.Next(4) == 0 ? 0 : 0xff);
    }

    private void SetAddress((int Register, ulong Value) register)
    {
        if (register.Register >= 0)
        {
            _trial.General[register.Register] = _codeBits == 64 ? register.Value : (uint)register.Value;
        }
    }

    private static ulong Address(Random random)
        => X86Layout.Scratch + (ulong)random.Next(X86Layout.ScratchByteCount / 4, X86Layout.ScratchByteCount * 3 / 4) & ~63UL;

    // 0 most often.
    private static ulong Small(Random random) => (ulong)random.Next(random.Next(8) + 1);

    private static ulong Anything(Random random) => random.Next(8) switch
    {
        0 => Small(random),
        1 => Address(random),
        2 => (ulong)random.NextInt64(),
        3 => X86Layout.Landing,
        4 or 5 => Selector(random),
        _ => Numbers[random.Next(Numbers.Length)],
    };

    private void FillMemory(GeneratedInstruction instruction, in DecodedInstruction decoded, Random random)
    {
        int size = decoded.EffectiveBits / 8;
        FillWithNoise(_trial.Stack, random);
        Span<byte> stack = _trial.Stack.AsSpan((int)(_trial.General[Rsp] - X86Layout.Stack));
        if (random.Next(4) != 0)
        {
            FillFrame(stack, size, random);
        }

        int style = random.Next(6);
        if (style == 0)
        {
            _trial.Scratch.AsSpan().Clear();
        }
        else
        {
            FillWithNoise(_trial.Scratch, random);
        }

        if (instruction.Target == 0)
        {
            return;
        }

        Span<byte> operand = _trial.Scratch.AsSpan((int)(instruction.Target - X86Layout.Scratch));
        switch (style)
        {
            case 1 or 2:
                // A far pointer.
                Write(operand, size, X86Layout.Landing);
                BinaryPrimitives.WriteUInt16LittleEndian(operand[size..], Selector(random));
                break;
            case 3:
                Write(operand, size, random.Next(2) == 0 ? Selector(random) : Anything(random));
                break;
            case 4:
                // A table's limit and base.
                BinaryPrimitives.WriteUInt16LittleEndian(operand, (ushort)X86Selectors.GdtLimit);
                BinaryPrimitives.WriteUInt64LittleEndian(operand[2..], X86Layout.GdtAt(random.Next(2)));
                break;
            default:
                break;
        }
    }

    // What returns, and what pops selectors and flags, may find: RIP, CS, flags, RSP, SS; or a selector or flags at once.
    private static void FillFrame(Span<byte> stack, int size, Random random)
    {
        int start = random.Next(3);
        for (int i = 0; i < 5; i++)
        {
            ulong value = ((i + (start == 2 ? 0 : start == 1 ? 1 : 2)) % 5) switch
            {
                0 => X86Layout.Landing,
                1 => Selector(random),
                2 => 2 | ((ulong)random.Next() & (LazyFlags.All | ControlBits.If | ControlBits.Iopl | ControlBits.Df)),
                3 => X86Layout.Stack + 0x800,
                _ => Selector(random),
            };
            Write(stack[(i * size)..], size, value);
        }

        if (start == 2 && random.Next(2) == 0)
        {
            // A level to return to, and a stack of that level.
            (ushort code, ushort data) = random.Next(3) switch
            {
                0 => ((ushort)0x43, X86Selectors.UserStack),
                1 => (X86Selectors.InnerCode, X86Selectors.SupervisorStack),
                _ => ((ushort)(X86Selectors.ProgramCode | 3), X86Selectors.UserStack),
            };
            Write(stack[size..], size, code);
            Write(stack[(4 * size)..], size, data);
        }
    }

    private static void Write(Span<byte> at, int byteCount, ulong value)
    {
        for (int i = 0; i < byteCount; i++)
        {
            at[i] = (byte)(value >> (8 * i));
        }
    }
}
