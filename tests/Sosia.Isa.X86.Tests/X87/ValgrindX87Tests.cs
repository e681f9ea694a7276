using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.RegularExpressions;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Sosia.SoftFloat;
using Xunit;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>
/// Valgrind's x87 cases: <c>mnemonic [presets :] operands => results</c>, where a register or memory value is <c>st0.ps[1.5]</c> or
/// <c>m32.sd[-7]</c> and a status or flags word <c>fpusw[mask,value]</c>.
/// </summary>
public sealed unsafe partial class ValgrindX87Tests : IDisposable
{
    private const uint RamAddress = 0x1_0000;
    private const int OperandOffset = 0x800;

    // What Valgrind itself allows: the results recorded of these four cases add instead of subtracting, and only this hides it.
    private const double ValgrindTolerance = 1.5 / 4096;
    private const string MistakenCases = "fisubrl st0.ps";

    private readonly EmulatedCpu _cpu = new(RamAddress, 0x4000);

    public void Dispose() => _cpu.Dispose();

    [ValgrindCaseTheory]
    [InlineData("x86", 32)]
    [InlineData("amd64", 64)]
    public void Cases_give_their_recorded_results(string processor, int codeBits)
    {
        int count = 0;
        var failures = new List<string>();
        _cpu.SetMode(codeBits);
        foreach (string line in ValgrindCases.Lines(processor))
        {
            count++;
            if (Failure(line, codeBits) is { } failure)
            {
                failures.Add($"{line}: {failure}");
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
        Assert.InRange(count, 400, int.MaxValue);
    }

    [GeneratedRegex(@"(?<name>\w+)(\.(?<type>\w+))?\[(?<value>[^\]]*)\]")]
    private static partial Regex Operand();

    private string? Failure(string line, int codeBits)
    {
        string[] sides = line.Split("=>");
        string mnemonic = sides[0].Split(' ')[0];
        string inputs = sides[0][mnemonic.Length..];
        X86State* st = _cpu.State;
        st->Fcw = 0x37f;
        st->Fsw = 0;
        st->Ftw = 0;
        st->Gpr[0] = RamAddress + OperandOffset;
        Span<byte> memory = _cpu.Ram[OperandOffset..];
        int explicitFrom = inputs.IndexOf(':');
        int source = -1;
        int destination = -1;
        foreach (Match match in Operand().Matches(inputs))
        {
            string name = match.Groups["name"].Value;
            string type = match.Groups["type"].Value;
            string value = match.Groups["value"].Value;
            if (name == "fpucw")
            {
                (int mask, int bits) = MaskAndValue(value);
                st->Fcw = (ushort)((st->Fcw & ~mask) | bits);
            }
            else if (name.StartsWith("st", StringComparison.Ordinal))
            {
                int number = name[2] - '0';
                SetRegister(st, number, Parse(type, value));
                if (match.Index > explicitFrom)
                {
                    destination = source < 0 ? -1 : number;
                    source = source < 0 ? number : source;
                }
            }
            else
            {
                WriteMemory(memory, type, value);
            }
        }

        byte[] code = ValgrindX87Encoder.Encode(mnemonic, source, destination);
        if (_cpu.Run(code, codeBits, RamAddress + 0x100) != BlockExit.None)
        {
            return $"fault {st->FaultVector}";
        }

        foreach (Match match in Operand().Matches(sides[1]))
        {
            string name = match.Groups["name"].Value;
            string type = match.Groups["type"].Value;
            string value = match.Groups["value"].Value;
            if (Mismatch(st, memory, name, type, value, line.StartsWith(MistakenCases, StringComparison.Ordinal)) is { } found)
            {
                return $"{name} is {found}";
            }
        }

        return null;
    }

    private string? Mismatch(X86State* st, ReadOnlySpan<byte> memory, string name, string type, string expected, bool isMistaken)
    {
        if (name is "fpusw" or "eflags" or "rflags")
        {
            (int mask, int bits) = MaskAndValue(expected);
            int actual = name == "fpusw" ? st->Fsw : (int)_cpu.Cpu.Rflags;
            return (actual & mask) == bits ? null : actual.ToString("x", CultureInfo.InvariantCulture);
        }

        if (!name.StartsWith("st", StringComparison.Ordinal))
        {
            long integer = type switch
            {
                "sw" => BitConverter.ToInt16(memory),
                "sd" => BitConverter.ToInt32(memory),
                "sq" => BitConverter.ToInt64(memory),
                _ => throw new FormatException($"The test does not know the type '{type}'."),
            };
            return integer == long.Parse(expected, CultureInfo.InvariantCulture) ? null : integer.ToString(CultureInfo.InvariantCulture);
        }

        int physical = ((st->Fsw >> 11) + (name[2] - '0')) & 7;
        if ((st->Ftw & (1 << physical)) == 0)
        {
            return "empty";
        }

        FpEnvironment env = FpEnvironment.FromX87ControlWord(0x37f);
        double value = BitConverter.UInt64BitsToDouble(Float80.ToFloat64(new Float80((ushort)st->X87[(2 * physical) + 1], st->X87[2 * physical]), ref env));
        double wanted = double.Parse(expected, CultureInfo.InvariantCulture);
        // The operands were rounded to the type, and the text has as many digits as it has.
        double tolerance = Math.Max(Math.Abs(wanted), 1e-3) * (isMistaken ? ValgrindTolerance : type == "ps" ? 1e-6 : 1e-13);
        return Math.Abs(value - wanted) <= tolerance ? null : value.ToString("r", CultureInfo.InvariantCulture);
    }

    private static Float80 Parse(string type, string text)
    {
        FpEnvironment env = FpEnvironment.FromX87ControlWord(0x37f);
        return type == "ps"
            ? Float80.FromFloat32(BitConverter.SingleToUInt32Bits(float.Parse(text, CultureInfo.InvariantCulture)), ref env)
            : Float80.FromFloat64(BitConverter.DoubleToUInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), ref env);
    }

    private static void WriteMemory(Span<byte> memory, string type, string text)
    {
        bool written = type switch
        {
            "ps" => BitConverter.TryWriteBytes(memory, float.Parse(text, CultureInfo.InvariantCulture)),
            "pd" => BitConverter.TryWriteBytes(memory, double.Parse(text, CultureInfo.InvariantCulture)),
            "sw" => BitConverter.TryWriteBytes(memory, short.Parse(text, CultureInfo.InvariantCulture)),
            "sd" => BitConverter.TryWriteBytes(memory, int.Parse(text, CultureInfo.InvariantCulture)),
            "sq" => BitConverter.TryWriteBytes(memory, long.Parse(text, CultureInfo.InvariantCulture)),
            _ => throw new FormatException($"The test does not know the type '{type}'."),
        };
        Assert.True(written);
    }

    private static void SetRegister(X86State* st, int number, Float80 value)
    {
        int physical = ((st->Fsw >> 11) + number) & 7;
        st->X87[2 * physical] = value.Significand;
        st->X87[(2 * physical) + 1] = value.SignExponent;
        st->Ftw |= (byte)(1 << physical);
    }

    private static (int Mask, int Value) MaskAndValue(string text)
    {
        string[] parts = text.Split(',');
        return (Convert.ToInt32(parts[0], 16), Convert.ToInt32(parts[1], 16));
    }
}
