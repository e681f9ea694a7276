using System;
using System.Globalization;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>An operand, preset or result of a case: <c>name.type[value,…]</c>, or <c>name[mask,value]</c> for a word of flags.</summary>
internal sealed class ValgrindOperand(string name, string type, string[] values)
{
    /// <summary>A register, <c>r32</c> or <c>xmm</c> for any, <c>m64</c>, <c>imm8</c>, a word of flags, or in results the number of an operand.</summary>
    public string Name { get; } = name;

    /// <summary>Signed or unsigned and the element's size (<c>sb</c> … <c>uq</c>), or <c>ps</c>, <c>pd</c>; empty for words of flags and immediates.</summary>
    public string Type { get; } = type;

    /// <summary>The values as they are written, lowest element first.</summary>
    public string[] Values { get; } = values;

    /// <summary>Where the operand is; set by <see cref="ValgrindCase"/>.</summary>
    public ValgrindPlace Place { get; set; } = ValgrindPlace.None;

    /// <summary>Whether this is EFLAGS, or the x87 control or status word.</summary>
    public bool IsWord => Name is "eflags" or "rflags" or "fpucw" or "fpusw";

    public bool IsFloat => Type is "ps" or "pd";

    public int ElementBytes => Type switch
    {
        "sb" or "ub" => 1,
        "sw" or "uw" => 2,
        "sd" or "ud" or "ps" => 4,
        "sq" or "uq" or "pd" => 8,
        _ => throw new FormatException($"The test does not know the type '{Type}'."),
    };

    /// <summary>The bits of a word of flags that matter.</summary>
    public uint Mask => (uint)Integer(Values[0]);

    /// <summary>Their values.</summary>
    public uint Bits => (uint)Integer(Values[1]);

    /// <summary>The bits of an element.</summary>
    public ulong Element(int index) => Type switch
    {
        "ps" => BitConverter.SingleToUInt32Bits(float.Parse(Values[index], CultureInfo.InvariantCulture)),
        "pd" => BitConverter.DoubleToUInt64Bits(double.Parse(Values[index], CultureInfo.InvariantCulture)),
        _ => Integer(Values[index]) & (ulong.MaxValue >> (64 - (8 * ElementBytes))),
    };

    /// <summary>The elements one after the other.</summary>
    public byte[] Bytes()
    {
        byte[] bytes = new byte[16];
        for (int i = 0; i < Values.Length; i++)
        {
            BitConverter.GetBytes(Element(i)).AsSpan(0, ElementBytes).CopyTo(bytes.AsSpan(i * ElementBytes));
        }

        return bytes;
    }

    private static ulong Integer(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal) ? Convert.ToUInt64(text, 16)
        : text[0] == '-' ? (ulong)long.Parse(text, CultureInfo.InvariantCulture)
        : ulong.Parse(text, CultureInfo.InvariantCulture);
}
