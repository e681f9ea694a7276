using System;
using System.Collections.Generic;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Sosia.Isa.X86.Semantics.Vector;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>The code for hosts without an instruction against the instruction.</summary>
public sealed class PortableVectorTests
{
    private delegate Vector128<byte> Operation(Vector128<byte> a, Vector128<byte> b);

    [SkippableOnOtherHostsFact]
    public void Portable_operations_give_what_the_host_instructions_give()
    {
        var pairs = new Dictionary<string, (Operation Portable, Operation Host)>
        {
            ["pavgb"] = (PortableVector.AverageBytes, (a, b) => Sse2.Average(a, b)),
            ["pavgw"] = (PortableVector.AverageWords, (a, b) => Sse2.Average(a.AsUInt16(), b.AsUInt16()).AsByte()),
            ["pmulhw"] = (PortableVector.MultiplyHighSigned, (a, b) => Sse2.MultiplyHigh(a.AsInt16(), b.AsInt16()).AsByte()),
            ["pmulhuw"] = (PortableVector.MultiplyHighUnsigned, (a, b) => Sse2.MultiplyHigh(a.AsUInt16(), b.AsUInt16()).AsByte()),
            ["pmulhrsw"] = (PortableVector.MultiplyRoundScale, (a, b) => Ssse3.MultiplyHighRoundScale(a.AsInt16(), b.AsInt16()).AsByte()),
            ["pmuludq"] = (PortableVector.MultiplyEvenUnsigned, (a, b) => Sse2.Multiply(a.AsUInt32(), b.AsUInt32()).AsByte()),
            ["pmuldq"] = (PortableVector.MultiplyEvenSigned, (a, b) => Sse41.Multiply(a.AsInt32(), b.AsInt32()).AsByte()),
            ["pmaddwd"] = (PortableVector.MultiplyAddWords, (a, b) => Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsByte()),
            ["pmaddubsw"] = (PortableVector.MultiplyAddBytes, (a, b) => Ssse3.MultiplyAddAdjacent(a, b.AsSByte()).AsByte()),
            ["psadbw"] = (PortableVector.SumAbsoluteDifferences, (a, b) => Sse2.SumAbsoluteDifferences(a, b).AsByte()),
            ["packsswb"] = (PortableVector.PackSignedWords, (a, b) => Sse2.PackSignedSaturate(a.AsInt16(), b.AsInt16()).AsByte()),
            ["packuswb"] = (PortableVector.PackUnsignedWords, (a, b) => Sse2.PackUnsignedSaturate(a.AsInt16(), b.AsInt16())),
            ["packssdw"] = (PortableVector.PackSignedDoublewords, (a, b) => Sse2.PackSignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()),
            ["packusdw"] = (PortableVector.PackUnsignedDoublewords, (a, b) => Sse41.PackUnsignedSaturate(a.AsInt32(), b.AsInt32()).AsByte()),
            ["punpcklbw"] = (PortableVector.UnpackLowBytes, (a, b) => Sse2.UnpackLow(a, b)),
            ["punpckhbw"] = (PortableVector.UnpackHighBytes, (a, b) => Sse2.UnpackHigh(a, b)),
            ["punpcklwd"] = (PortableVector.UnpackLowWords, (a, b) => Sse2.UnpackLow(a.AsUInt16(), b.AsUInt16()).AsByte()),
            ["punpckhwd"] = (PortableVector.UnpackHighWords, (a, b) => Sse2.UnpackHigh(a.AsUInt16(), b.AsUInt16()).AsByte()),
            ["punpckldq"] = (PortableVector.UnpackLowDoublewords, (a, b) => Sse2.UnpackLow(a.AsUInt32(), b.AsUInt32()).AsByte()),
            ["punpckhdq"] = (PortableVector.UnpackHighDoublewords, (a, b) => Sse2.UnpackHigh(a.AsUInt32(), b.AsUInt32()).AsByte()),
            ["pshufb"] = ((a, b) => Vector128.Shuffle(a, b & Vector128.Create((byte)0x8f)), (a, b) => Ssse3.Shuffle(a, b)),
        };
        if (Aes.IsSupported)
        {
            pairs["aesenc"] = (PortableAes.Encrypt, Aes.Encrypt);
            pairs["aesenclast"] = (PortableAes.EncryptLast, Aes.EncryptLast);
            pairs["aesdec"] = (PortableAes.Decrypt, Aes.Decrypt);
            pairs["aesdeclast"] = (PortableAes.DecryptLast, Aes.DecryptLast);
            pairs["aesimc"] = ((a, _) => PortableAes.InverseMixColumns(a), (a, _) => Aes.InverseMixColumns(a));
            pairs["aeskeygenassist"] = ((a, _) => PortableAes.KeygenAssist(a), (a, _) => Aes.KeygenAssist(a, 0));
        }

        if (System.Runtime.Intrinsics.X86.Pclmulqdq.IsSupported)
        {
            pairs["pclmulqdq"] = (
                (a, b) => X86.Semantics.Vector.Pclmulqdq.Portable(a.AsUInt64().ToScalar(), b.AsUInt64().ToScalar()).AsByte(),
                (a, b) => System.Runtime.Intrinsics.X86.Pclmulqdq.CarrylessMultiply(a.AsUInt64(), b.AsUInt64(), 0).AsByte());
        }

        var random = new Random(7);
        foreach ((string name, (Operation portable, Operation host)) in pairs)
        {
            for (int i = 0; i < 2000; i++)
            {
                Vector128<byte> a = Value(random);
                Vector128<byte> b = Value(random);
                Assert.True(portable(a, b) == host(a, b), $"{name} of {a} and {b}: {portable(a, b)}, but the host says {host(a, b)}");
            }
        }
    }

    [Fact]
    public void Reciprocals_are_within_the_manuals_error_bound()
    {
        const double Bound = 1.5 / 4096;
        var random = new Random(8);
        for (int i = 0; i < 200_000; i++)
        {
            // Exponents whose reciprocals are normal numbers.
            uint bits = (uint)random.Next(0x0080_0000, 0x7e80_0000);
            float value = BitConverter.UInt32BitsToSingle(bits);
            Assert.True(Math.Abs((BitConverter.UInt32BitsToSingle(Reciprocal.Inverse(bits)) * (double)value) - 1) <= Bound);
            Assert.True(Math.Abs((BitConverter.UInt32BitsToSingle(Reciprocal.InverseSquareRoot(bits)) * Math.Sqrt(value)) - 1) <= Bound);
        }
    }

    [Theory]
    [InlineData(0x0000_0000, 0x7f80_0000, 0x7f80_0000)]
    [InlineData(0x8000_0000, 0xff80_0000, 0xff80_0000)]
    [InlineData(0x0000_0001, 0x7f80_0000, 0x7f80_0000)]
    [InlineData(0x807f_ffff, 0xff80_0000, 0xff80_0000)]
    [InlineData(0x7f80_0000, 0x0000_0000, 0x0000_0000)]
    [InlineData(0xff80_0000, 0x8000_0000, 0xffc0_0000)]
    [InlineData(0x7fa0_0001, 0x7fe0_0001, 0x7fe0_0001)]
    [InlineData(0xffc1_2345, 0xffc1_2345, 0xffc1_2345)]
    [InlineData(0xbf80_0000, 0xbf80_0000, 0xffc0_0000)]
    [InlineData(0x7f7f_ffff, 0x0000_0000, 0x1f80_0000)]
    public void Reciprocals_of_special_values(uint value, uint inverse, uint inverseSquareRoot)
    {
        Assert.Equal(inverse, Reciprocal.Inverse(value));
        Assert.Equal(inverseSquareRoot, Reciprocal.InverseSquareRoot(value));
    }

    private static Vector128<byte> Value(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        for (int i = 0; i < 16; i++)
        {
            bytes[i] = random.Next(4) switch { 0 => 0x80, 1 => 0xff, 2 => 0x7f, _ => bytes[i] };
        }

        return Vector128.Create<byte>(bytes);
    }
}
