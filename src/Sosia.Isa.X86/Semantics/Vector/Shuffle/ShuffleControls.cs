using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>Byte-shuffle controls of the shuffles by immediate, for all 256 immediates.</summary>
internal static unsafe class ShuffleControls
{
    private static readonly Vector128<byte>* Table = CreateTable();

    /// <summary>PSHUFD.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Doublewords(byte immediate) => Table[immediate];

    /// <summary>PSHUFLW.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> LowWords(byte immediate) => Table[256 + immediate];

    /// <summary>PSHUFHW.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> HighWords(byte immediate) => Table[512 + immediate];

    private static Vector128<byte>* CreateTable()
    {
        // SAFETY: three tables of 256 controls, never freed; immediates are bytes.
        var table = (Vector128<byte>*)NativeMemory.AlignedAlloc((nuint)(3 * 256 * sizeof(Vector128<byte>)), 64);
        for (int immediate = 0; immediate < 256; immediate++)
        {
            for (int i = 0; i < 16; i++)
            {
                ((byte*)&table[immediate])[i] = (byte)((Field(immediate, i >> 2) * 4) + (i & 3));
                int word = (Field(immediate, (i >> 1) & 3) * 2) + (i & 1);
                ((byte*)&table[256 + immediate])[i] = (byte)(i < 8 ? word : i);
                ((byte*)&table[512 + immediate])[i] = (byte)(i < 8 ? i : 8 + word);
            }
        }

        return table;
    }

    private static int Field(int immediate, int number) => (immediate >> (number * 2)) & 3;
}
