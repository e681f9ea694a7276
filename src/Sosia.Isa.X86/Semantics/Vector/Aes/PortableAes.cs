using System.Numerics;
using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>The rounds of AES (FIPS 197) as the AES instructions cut them, for hosts without such instructions.</summary>
internal static class PortableAes
{
    private static readonly byte[] Box = CreateBox();
    private static readonly byte[] InverseBox = CreateInverseBox(Box);

    /// <summary>AESENC.</summary>
    public static Vector128<byte> Encrypt(Vector128<byte> state, Vector128<byte> key)
        => MixColumns(Substitute(ShiftRows(state), Box), 2, 3, 1, 1) ^ key;

    /// <summary>AESENCLAST.</summary>
    public static Vector128<byte> EncryptLast(Vector128<byte> state, Vector128<byte> key) => Substitute(ShiftRows(state), Box) ^ key;

    /// <summary>AESDEC.</summary>
    public static Vector128<byte> Decrypt(Vector128<byte> state, Vector128<byte> key)
        => InverseMixColumns(Substitute(InverseShiftRows(state), InverseBox)) ^ key;

    /// <summary>AESDECLAST.</summary>
    public static Vector128<byte> DecryptLast(Vector128<byte> state, Vector128<byte> key) => Substitute(InverseShiftRows(state), InverseBox) ^ key;

    /// <summary>AESIMC.</summary>
    public static Vector128<byte> InverseMixColumns(Vector128<byte> state) => MixColumns(state, 14, 11, 13, 9);

    /// <summary>AESKEYGENASSIST with a round constant of zero.</summary>
    public static Vector128<byte> KeygenAssist(Vector128<byte> source)
    {
        Vector128<uint> words = Substitute(source, Box).AsUInt32();
        uint word1 = words.GetElement(1);
        uint word3 = words.GetElement(3);
        return Vector128.Create(word1, BitOperations.RotateRight(word1, 8), word3, BitOperations.RotateRight(word3, 8)).AsByte();
    }

    // Byte r + 4c is row r of column c; row r moves r columns to the left.
    private static Vector128<byte> ShiftRows(Vector128<byte> state)
        => Vector128.Shuffle(state, Vector128.Create((byte)0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11));

    private static Vector128<byte> InverseShiftRows(Vector128<byte> state)
        => Vector128.Shuffle(state, Vector128.Create((byte)0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3));

    private static Vector128<byte> Substitute(Vector128<byte> state, byte[] box)
    {
        for (int i = 0; i < 16; i++)
        {
            state = state.WithElement(i, box[state.GetElement(i)]);
        }

        return state;
    }

    // Each column times the circulant matrix whose first row is given.
    private static Vector128<byte> MixColumns(Vector128<byte> state, byte m0, byte m1, byte m2, byte m3)
    {
        Vector128<byte> result = default;
        for (int i = 0; i < 16; i++)
        {
            int column = i & ~3;
            byte a = state.GetElement(i);
            byte b = state.GetElement(column | ((i + 1) & 3));
            byte c = state.GetElement(column | ((i + 2) & 3));
            byte d = state.GetElement(column | ((i + 3) & 3));
            result = result.WithElement(i, (byte)(Multiply(a, m0) ^ Multiply(b, m1) ^ Multiply(c, m2) ^ Multiply(d, m3)));
        }

        return result;
    }

    // In GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
    private static byte Multiply(byte a, byte b)
    {
        int product = 0;
        int power = a;
        for (int bits = b; bits != 0; bits >>= 1)
        {
            product ^= (bits & 1) != 0 ? power : 0;
            power <<= 1;
            power ^= (power & 0x100) != 0 ? 0x11b : 0;
        }

        return (byte)product;
    }

    private static byte[] CreateBox()
    {
        var box = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            // a^254 is the inverse of a, and 0 for 0.
            byte inverse = 1;
            for (int n = 0; n < 254; n++)
            {
                inverse = Multiply(inverse, (byte)i);
            }

            int spread = inverse | (inverse << 8);
            box[i] = (byte)(spread ^ (spread >> 4) ^ (spread >> 5) ^ (spread >> 6) ^ (spread >> 7) ^ 0x63);
        }

        return box;
    }

    private static byte[] CreateInverseBox(byte[] box)
    {
        var inverse = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            inverse[box[i]] = (byte)i;
        }

        return inverse;
    }
}
