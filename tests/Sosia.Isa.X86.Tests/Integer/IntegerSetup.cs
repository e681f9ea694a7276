using System;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Semantics;
using Sosia.Isa.X86.Tests.Oracle;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>Register values that implicit operands need: addresses in the scratch area, small counts, dividends that often fit.</summary>
internal static unsafe class IntegerSetup
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbx = 3;
    private const int Rbp = 5;
    private const int Rsi = 6;
    private const int Rdi = 7;

    /// <summary>Adjusts the initial state.</summary>
    /// <returns>False when this instance cannot be executed safely.</returns>
    public static bool Prepare(OracleComparison comparison, GeneratedInstruction instruction)
    {
        OracleState* state = comparison.Initial;
        Random random = comparison.Random;
        DecodedInstruction decoded = instruction.Decoded;
        switch (instruction.Row.Mnemonic)
        {
            case "bt" or "bts" or "btr" or "btc" when decoded.IsMemory && decoded.Source == OperandPlace.Register:
                // The offset reaches some hundred bytes beyond the operand, and must not be part of its address.
                if (decoded.Reg == instruction.Base.Register || decoded.Reg == instruction.Index.Register)
                {
                    return false;
                }

                state->Gpr[decoded.Reg] = (ulong)random.Next(-4000, 4000);
                return true;
            case "div" or "idiv":
                PrepareDivision(state, random, decoded.OperandBits);
                break;
            case "cmpxchg" when random.Next(2) == 0:
                state->Gpr[Rax] = decoded.IsMemory ? Memory(comparison, instruction, 0) : state->Gpr[decoded.Rm];
                break;
            case "cmpxchg8b" when random.Next(2) == 0:
                state->Gpr[Rax] = (uint)Memory(comparison, instruction, 0);
                state->Gpr[Rdx] = Memory(comparison, instruction, 0) >> 32;
                break;
            case "cmpxchg16b" when random.Next(2) == 0:
                state->Gpr[Rax] = Memory(comparison, instruction, 0);
                state->Gpr[Rdx] = Memory(comparison, instruction, 8);
                break;
            case "xlat":
                state->Gpr[Rbx] = Scratch(comparison);
                break;
            case "enter" or "leave":
                state->Gpr[Rbp] = Scratch(comparison) & ~7UL;
                break;
            default:
                if (instruction.Row.Family == "string")
                {
                    PrepareString(comparison, state, random);
                }

                break;
        }

        comparison.ApplyAddress(instruction);
        return true;
    }

    private static void PrepareDivision(OracleState* state, Random random, int bits)
    {
        // The upper half is often a small number or the sign, so that many quotients fit.
        if (random.Next(4) == 0)
        {
            return;
        }

        ulong upper = random.Next(3) switch { 0 => 0, 1 => ulong.MaxValue, _ => (ulong)random.Next(3) };
        if (bits == 8)
        {
            state->Gpr[Rax] = (byte)state->Gpr[Rax] | ((upper & 0xff) << 8);
        }
        else
        {
            state->Gpr[Rdx] = upper;
        }
    }

    private static void PrepareString(OracleComparison comparison, OracleState* state, Random random)
    {
        state->Gpr[Rsi] = Scratch(comparison);
        // Near the source now and then, to overlap.
        state->Gpr[Rdi] = random.Next(3) == 0 ? state->Gpr[Rsi] + (ulong)random.Next(-40, 40) : Scratch(comparison);
        state->Gpr[Rcx] = (ulong)(random.Next(3) == 0 ? random.Next(400) : random.Next(40));
        if (random.Next(2) == 0)
        {
            // Equal runs for CMPS and SCAS.
            Span<byte> memory = comparison.InitialMemory;
            memory[(int)(state->Gpr[Rsi] - comparison.ScratchAddress)..][..64].Fill((byte)state->Gpr[Rax]);
            memory[(int)(state->Gpr[Rdi] - comparison.ScratchAddress)..][..64].Fill((byte)state->Gpr[Rax]);
            state->Gpr[Rax] = (byte)state->Gpr[Rax] * 0x0101_0101_0101_0101UL;
        }
    }

    private static ulong Scratch(OracleComparison comparison)
        => comparison.ScratchAddress + (ulong)comparison.Random.Next(NativeOracle.ScratchBytes / 4, NativeOracle.ScratchBytes * 3 / 4);

    private static ulong Memory(OracleComparison comparison, GeneratedInstruction instruction, int offset)
        => BitConverter.ToUInt64(comparison.InitialMemory[((int)(instruction.Target - comparison.ScratchAddress) + offset)..]);
}
