using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Numerics;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Tests.Semantics;

/// <summary>Executes recorded code on a state, plainly.</summary>
public static unsafe class IrEvaluator
{
    public static void Run(List<IrOperation> code, X86State* state, Op* op, int bits)
    {
        var values = new ulong[code.Count];
        for (int i = 0; i < code.Count; i++)
        {
            IrOperation o = code[i];
            ulong a = values[o.A];
            ulong b = values[o.B];
            int count = (int)b & 63;
            byte* registers = (byte*)state;
            switch (o.Opcode)
            {
                case IrOpcode.Constant: values[i] = o.Immediate; break;
                case IrOpcode.ReadDestination: values[i] = Load(registers + op->Destination, bits); break;
                case IrOpcode.ReadSource: values[i] = Load(registers + op->Source, bits); break;
                case IrOpcode.ReadThird: values[i] = Load(registers + op->Third, bits); break;
                case IrOpcode.WriteDestination: Store(registers + op->Destination, bits, a); break;
                case IrOpcode.WriteDestinationIf when a != 0: Store(registers + op->Destination, bits, b); break;
                case IrOpcode.WriteSource: Store(registers + op->Source, bits, a); break;
                case IrOpcode.WriteThird: Store(registers + op->Third, bits, a); break;
                case IrOpcode.ReadRegister: values[i] = Load((byte*)&state->Gpr[(int)o.Immediate], bits); break;
                case IrOpcode.WriteRegister: Store((byte*)&state->Gpr[(int)o.Immediate], bits, a); break;
                case IrOpcode.WriteRegisterIf when a != 0: Store((byte*)&state->Gpr[(int)o.Immediate], bits, b); break;
                case IrOpcode.ReadRegister16: values[i] = (ushort)state->Gpr[(int)o.Immediate]; break;
                case IrOpcode.WriteRegister16: Store((byte*)&state->Gpr[(int)o.Immediate], 16, a); break;
                case IrOpcode.FlagResult: values[i] = state->FlagResult; break;
                case IrOpcode.SetFlagResult: state->FlagResult = a; break;
                case IrOpcode.FlagCarries: values[i] = state->FlagCarries; break;
                case IrOpcode.SetFlagCarries: state->FlagCarries = a; break;
                case IrOpcode.FaultIf when a != 0: state->Exit = BlockExit.Fault; state->FaultVector = (byte)o.Immediate; return;
                case IrOpcode.ZeroExtend: values[i] = o.Immediate == 64 ? a : a & ((1UL << (int)o.Immediate) - 1); break;
                case IrOpcode.SignExtend: values[i] = (ulong)((long)(a << (64 - (int)o.Immediate)) >> (64 - (int)o.Immediate)); break;
                case IrOpcode.Add: values[i] = a + b; break;
                case IrOpcode.Subtract: values[i] = a - b; break;
                case IrOpcode.Multiply: values[i] = a * b; break;
                case IrOpcode.MultiplyHighUnsigned: values[i] = Math.BigMul(a, b, out _); break;
                case IrOpcode.MultiplyHighSigned: values[i] = (ulong)Math.BigMul((long)a, (long)b, out _); break;
                case IrOpcode.And: values[i] = a & b; break;
                case IrOpcode.Or: values[i] = a | b; break;
                case IrOpcode.Xor: values[i] = a ^ b; break;
                case IrOpcode.Not: values[i] = ~a; break;
                case IrOpcode.ShiftLeft: values[i] = a << count; break;
                case IrOpcode.ShiftRight: values[i] = a >> count; break;
                case IrOpcode.ShiftRightArithmetic: values[i] = (ulong)((long)a >> count); break;
                case IrOpcode.Equal: values[i] = a == b ? 1UL : 0; break;
                case IrOpcode.LessUnsigned: values[i] = a < b ? 1UL : 0; break;
                case IrOpcode.Select: values[i] = a != 0 ? b : values[o.C]; break;
                case IrOpcode.LeadingZeros: values[i] = (ulong)BitOperations.LeadingZeroCount(a); break;
                case IrOpcode.TrailingZeros: values[i] = (ulong)BitOperations.TrailingZeroCount(a); break;
                case IrOpcode.PopCount: values[i] = (ulong)BitOperations.PopCount(a); break;
                case IrOpcode.Quotient: values[i] = (ulong)(new UInt128(a, b) / values[o.C]); break;
                case IrOpcode.Remainder: values[i] = (ulong)(new UInt128(a, b) % values[o.C]); break;
                case IrOpcode.ReverseBytes: values[i] = BinaryPrimitives.ReverseEndianness(a); break;
                case IrOpcode.WriteDestinationIf or IrOpcode.WriteRegisterIf or IrOpcode.FaultIf: break;
                default: throw new NotSupportedException($"The evaluator has no {o.Opcode}.");
            }
        }
    }

    private static ulong Load(byte* at, int bits) => *(ulong*)at & (bits == 64 ? ulong.MaxValue : (1UL << bits) - 1);

    private static void Store(byte* at, int bits, ulong value)
    {
        switch (bits)
        {
            case 8: *at = (byte)value; break;
            case 16: *(ushort*)at = (ushort)value; break;
            default: *(ulong*)at = bits == 32 ? (uint)value : value; break;
        }
    }
}
