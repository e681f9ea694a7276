using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Sosia.Jit;

/// <summary>Intermediate code as text, one instruction a line: for logs, reports and tests.</summary>
public static class IrText
{
    private static readonly string[] Conditions =
        ["overflow", "no overflow", "below", "above or equal", "zero", "not zero", "below or equal", "above", "sign", "no sign", "parity", "no parity", "less", "greater or equal", "less or equal", "greater"];

    /// <summary>Writes a block.</summary>
    /// <param name="block">What to write.</param>
    /// <param name="slotNames">The guest's names of its slots; null for numbers.</param>
    public static string Of(IrBlock block, IReadOnlyList<string>? slotNames = null)
    {
        var text = new StringBuilder();
        for (int i = 0; i < block.Count; i++)
        {
            ref readonly IrInstruction instruction = ref block[i];
            if (instruction.Op == IrOp.Nop)
            {
                continue;
            }

            text.Append(DefinesValue(block, in instruction) ? $"v{i} = " : string.Empty);
            Append(text, block, in instruction, slotNames);
            text.Append('\n');
        }

        AppendEnd(text, "flag result", block.EndFlagResult);
        AppendEnd(text, "flag carries", block.EndFlagCarries);
        AppendEnd(text, "flags", block.EndStoredFlags);
        return text.ToString();
    }

    private static bool DefinesValue(IrBlock block, in IrInstruction instruction) => instruction.Op switch
    {
        IrOp.WriteSlot or IrOp.WriteState or IrOp.ClearUpperHalves or IrOp.GuestStore or IrOp.HostStore or IrOp.HostCompareExchange or IrOp.ExitIf or IrOp.RequireVector or IrOp.RequireX87
            or IrOp.X87Instruction or IrOp.X87Operand or IrOp.RequireAligned or IrOp.RequireCanonical
            or IrOp.CallOperation or IrOp.Jump or IrOp.Branch or IrOp.JumpIndirect or IrOp.LoopExit or IrOp.End => false,
        IrOp.Vector => block.Vectors[(int)instruction.Immediate].Reg is IrVectorPlace.General or IrVectorPlace.Flags,
        IrOp.X87 => (IrX87Kind)instruction.Auxiliary is IrX87Kind.Flags or IrX87Kind.Status,
        _ => true,
    };

    private static void Append(StringBuilder text, IrBlock block, in IrInstruction instruction, IReadOnlyList<string>? slotNames)
    {
        text.Append(instruction.Op.ToString());
        if (instruction.Width != 64)
        {
            text.Append('.').Append(instruction.Width);
        }

        switch (instruction.Op)
        {
            case IrOp.Constant:
                text.Append(' ').Append(Hex(instruction.Immediate));
                break;
            case IrOp.ReadSlot or IrOp.WriteSlot:
                int slot = (int)instruction.Immediate;
                text.Append(' ').Append(slotNames is not null && slot < slotNames.Count ? slotNames[slot] : slot.ToString(CultureInfo.InvariantCulture));
                break;
            case IrOp.ReadState or IrOp.WriteState or IrOp.ClearUpperHalves:
                text.Append(CultureInfo.InvariantCulture, $" [{instruction.Immediate}]");
                break;
            case IrOp.Vector:
                AppendVector(text, block.Vectors[(int)instruction.Immediate]);
                break;
            case IrOp.X87:
                text.Append(CultureInfo.InvariantCulture, $" {instruction.Immediate >> 8:x2} {instruction.Immediate & 0xff:x2} {((IrX87Kind)instruction.Auxiliary).ToString().ToLowerInvariant()}");
                break;
            case IrOp.X87Instruction:
                text.Append(CultureInfo.InvariantCulture, $" +{instruction.Immediate & 0xffff} opcode 0x{instruction.Immediate >> 16:x3}");
                break;
            case IrOp.X87Operand:
                text.Append(CultureInfo.InvariantCulture, $" selector [{instruction.Immediate}]");
                break;
            case IrOp.CallOperation:
                text.Append(CultureInfo.InvariantCulture, $" {instruction.Immediate}");
                break;
            case IrOp.Jump or IrOp.Branch:
                text.Append(CultureInfo.InvariantCulture, $" {(long)instruction.Immediate:+0;-0;+0}");
                AppendKind(text, in instruction);
                break;
            case IrOp.JumpIndirect:
                AppendKind(text, in instruction);
                break;
            case IrOp.Compare or IrOp.Test or IrOp.EntryCondition:
                text.Append(" if ").Append(Conditions[instruction.Auxiliary]);
                break;
            case IrOp.Insert:
                text.Append(CultureInfo.InvariantCulture, $" at bit {instruction.Auxiliary}");
                break;
            default:
                if (instruction.Immediate != 0)
                {
                    text.Append(' ').Append(Hex(instruction.Immediate));
                }

                break;
        }

        AppendOperand(text, instruction.A);
        AppendOperand(text, instruction.B);
        AppendOperand(text, instruction.C);
        if (instruction.Exit >= 0)
        {
            IrExit exit = block.Exits[instruction.Exit];
            text.Append(CultureInfo.InvariantCulture, $"  -> operation {exit.Operation}");
            AppendFlag(text, "result", exit.FlagResult);
            AppendFlag(text, "carries", exit.FlagCarries);
        }
    }

    private static void AppendVector(StringBuilder text, in IrVector vector)
    {
        string prefix = vector.Prefix == 0 ? string.Empty : vector.Prefix.ToString("x2", CultureInfo.InvariantCulture) + " ";
        string map = vector.Map switch { 1 => "0f ", 2 => "0f38 ", 3 => "0f3a ", _ => string.Empty };
        text.Append(CultureInfo.InvariantCulture, $" {prefix}{map}{vector.Opcode:x2}{(vector.IsWide ? ".w" : string.Empty)}");
        text.Append(CultureInfo.InvariantCulture, $" reg={Place(vector.Reg, vector.RegOffset)} rm={Place(vector.Rm, vector.RmOffset)}{(vector.WritesRm ? " to rm" : string.Empty)}");
        if (vector.Length != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" vex{vector.Length}");
        }

        if (vector.ThirdOffset >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" third=[{vector.ThirdOffset}]{(vector.WritesThird ? " written" : string.Empty)}");
        }

        if (vector.FourthOffset >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" fourth=[{vector.FourthOffset}]");
        }

        if (vector.Immediate >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" 0x{vector.Immediate:x}");
        }
    }

    private static string Place(IrVectorPlace place, int offset)
        => place == IrVectorPlace.Vector ? string.Create(CultureInfo.InvariantCulture, $"[{offset}]") : place.ToString().ToLowerInvariant();

    private static void AppendOperand(StringBuilder text, int value)
    {
        if (value >= 0)
        {
            text.Append(text[^1] == ' ' ? string.Empty : " ").Append('v').Append(value);
        }
    }

    private static void AppendFlag(StringBuilder text, string name, int value)
    {
        if (value >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $", {name} v{value}");
        }
    }

    private static void AppendEnd(StringBuilder text, string name, int value)
    {
        if (value >= 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"end: {name} v{value}\n");
        }
    }

    private static void AppendKind(StringBuilder text, in IrInstruction instruction)
        => text.Append(instruction.Auxiliary == 0 ? string.Empty : $" {((IrJumpKind)instruction.Auxiliary).ToString().ToLowerInvariant()}");

    private static string Hex(ulong value) => value < 10 ? value.ToString(CultureInfo.InvariantCulture) : "0x" + value.ToString("x", CultureInfo.InvariantCulture);
}
