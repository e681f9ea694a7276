using System;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>Where an operand of a case is.</summary>
/// <param name="Kind">The register file or memory.</param>
/// <param name="Number">The register's number in encodings; for memory the offset from RSI.</param>
/// <param name="ByteCount">Its size.</param>
/// <param name="IsHighByte">Whether it is AH, CH, DH or BH; <paramref name="Number"/> is then that of the whole register.</param>
internal readonly record struct ValgrindPlace(ValgrindPlaceKind Kind, int Number, int ByteCount, bool IsHighByte = false)
{
    public static readonly ValgrindPlace None = new(ValgrindPlaceKind.None, 0, 0);

    private const string Letters = "acdb";

    /// <summary>The general register of a name, <see cref="None"/> if it is none of AX, CX, DX, BX and their parts.</summary>
    public static ValgrindPlace OfGeneral(string name)
    {
        int letter = Letters.IndexOf(name[^2], StringComparison.Ordinal);
        return (name.Length, name[0], name[^1]) switch
        {
            _ when letter < 0 => None,
            (2, _, 'l') => new(ValgrindPlaceKind.General, letter, 1),
            (2, _, 'h') => new(ValgrindPlaceKind.General, letter, 1, IsHighByte: true),
            (2, _, 'x') => new(ValgrindPlaceKind.General, letter, 2),
            (3, 'e', 'x') => new(ValgrindPlaceKind.General, letter, 4),
            (3, 'r', 'x') => new(ValgrindPlaceKind.General, letter, 8),
            _ => None,
        };
    }

    /// <summary>The operand in AT&amp;T syntax.</summary>
    /// <param name="codeBits">32 or 64.</param>
    public string ToText(int codeBits) => Kind switch
    {
        ValgrindPlaceKind.General => "%" + (ByteCount, IsHighByte) switch
        {
            (1, false) => $"{Letters[Number]}l",
            (1, true) => $"{Letters[Number]}h",
            (2, _) => $"{Letters[Number]}x",
            (4, _) => $"e{Letters[Number]}x",
            _ => $"r{Letters[Number]}x",
        },
        ValgrindPlaceKind.Mmx => $"%mm{Number}",
        ValgrindPlaceKind.Xmm => $"%xmm{Number}",
        ValgrindPlaceKind.X87 => $"%st({Number})",
        ValgrindPlaceKind.Memory => $"{Number}({(codeBits == 64 ? "%rsi" : "%esi")})",
        _ => throw new InvalidOperationException("An operand without a place has no text."),
    };
}
