using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>Random x87 states for an instruction, with operands that suit it.</summary>
internal static unsafe class X87Setup
{
    /// <summary>Fills the x87 part of the initial state and the memory operand.</summary>
    public static void Prepare(OracleComparison comparison, GeneratedInstruction instruction)
    {
        Random random = comparison.Random;
        byte* fx = comparison.Initial->Fx;
        int masks = random.Next(3) == 0 ? random.Next(64) : 0x3f;
        int precision = random.Next(3) switch { 0 => 0, 1 => 2, _ => 3 };
        *(ushort*)fx = (ushort)(masks | 0x40 | (precision << 8) | (random.Next(4) << 10) | (random.Next(2) << 12));
        int top = random.Next(8);
        // Flags that are set already must be masked: nothing is pending.
        *(ushort*)(fx + 2) = (ushort)((random.Next(64) & masks) | (random.Next(2) << 6) | (random.Next(8) << 8) | (top << 11) | (random.Next(2) << 14));
        int depth = random.Next(9);
        int full = 0;
        for (int i = 0; i < depth; i++)
        {
            full |= 1 << ((top + i) & 7);
        }

        fx[4] = (byte)(random.Next(5) == 0 ? random.Next(256) : full);
        *(ushort*)(fx + 6) = (ushort)random.Next(0x800);
        *(ulong*)(fx + 8) = (uint)random.Next();
        *(ulong*)(fx + 16) = (uint)random.Next();
        for (int i = 0; i < 8; i++)
        {
            SetRegister(fx, i, X87Values.Extended(random));
        }

        PrepareDomain(fx, instruction.Row.Mnemonic, random);
        if (instruction.Target != 0)
        {
            PrepareMemory(comparison.InitialMemory[(int)(instruction.Target - comparison.ScratchAddress)..], instruction, random);
        }

        comparison.ApplyAddress(instruction);
    }

    // Where the host's own functions are accurate and defined: the reduction of large angles differs, see Float80Math.
    private static void PrepareDomain(byte* fx, string mnemonic, Random random)
    {
        bool keepsSpecial = random.Next(4) == 0;
        switch (mnemonic)
        {
            case "fsin" or "fcos" or "fsincos" or "fptan":
                if (!keepsSpecial || IsFinite(fx))
                {
                    SetRegister(fx, 0, X87Values.Between(random, -30, -1));
                }

                break;
            case "f2xm1":
                if (!keepsSpecial || IsFinite(fx))
                {
                    SetRegister(fx, 0, X87Values.Between(random, -30, -1));
                }

                break;
            case "fyl2xp1":
                if (!keepsSpecial || IsFinite(fx))
                {
                    SetRegister(fx, 0, X87Values.Between(random, -30, -3));
                }

                break;
            case "fyl2x" or "fpatan" when !keepsSpecial:
                SetRegister(fx, 0, X87Values.Between(random, -30, 30));
                SetRegister(fx, 1, X87Values.Between(random, -30, 30));
                break;
            default:
                break;
        }
    }

    private static bool IsFinite(byte* fx) => (*(ushort*)(fx + 40) & 0x7fff) is not 0x7fff && *(ulong*)(fx + 32) != 0;

    private static void SetRegister(byte* fx, int index, (ulong Significand, ushort SignExponent) value)
    {
        *(ulong*)(fx + 32 + (16 * index)) = value.Significand;
        *(ushort*)(fx + 40 + (16 * index)) = value.SignExponent;
    }

    private static void PrepareMemory(Span<byte> memory, GeneratedInstruction instruction, Random random)
    {
        string mnemonic = instruction.Row.Mnemonic;
        switch (mnemonic)
        {
            case "fldcw":
                // Nothing is pending, so new masks make nothing pending only where no flag is set; the comparison sees both.
                BinaryPrimitives.WriteUInt16LittleEndian(memory, (ushort)random.Next(0x10000));
                return;
            case "fldenv" or "frstor":
                // Random already.
                return;
            case "fbld":
                (ulong low, ushort high) = X87Values.PackedDecimal(random);
                BinaryPrimitives.WriteUInt64LittleEndian(memory, low);
                BinaryPrimitives.WriteUInt16LittleEndian(memory[8..], high);
                return;
            default:
                break;
        }

        switch (instruction.Row.Operands[0].Size)
        {
            case 't':
                (ulong significand, ushort signExponent) = X87Values.Extended(random);
                BinaryPrimitives.WriteUInt64LittleEndian(memory, significand);
                BinaryPrimitives.WriteUInt16LittleEndian(memory[8..], signExponent);
                break;
            case 'd' when !mnemonic.StartsWith("fi", StringComparison.Ordinal):
                BinaryPrimitives.WriteUInt32LittleEndian(memory, X87Values.Single(random));
                break;
            case 'q' when !mnemonic.StartsWith("fi", StringComparison.Ordinal):
                BinaryPrimitives.WriteUInt64LittleEndian(memory, X87Values.Double(random));
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(memory, random.Next(2) == 0 ? random.Next(-3, 4) : random.NextInt64());
                break;
        }
    }
}
