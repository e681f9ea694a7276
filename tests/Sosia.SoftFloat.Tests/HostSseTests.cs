using System;
using System.Runtime.Intrinsics.X86;
using Xunit;

namespace Sosia.SoftFloat.Tests;

/// <summary>
/// SSE arithmetic, comparison and conversion against the host: results and MXCSR flags, all rounding modes, flush-to-zero and denormals-are-zero, exceptions masked.
/// </summary>
public sealed unsafe class HostSseTests
{
    private const int Cases = 60_000;

    private delegate ulong Operation(ulong a, ulong b, ref FpEnvironment env);

    public static TheoryData<string> Names() =>
    [
        "ADDSS", "SUBSS", "MULSS", "DIVSS", "SQRTSS", "MINSS", "MAXSS", "CVTSS2SD", "CVTSS2SI", "CVTTSS2SI", "CVTSS2SI r64", "CVTTSS2SI r64", "CVTSI2SS", "CVTSI2SS r64",
        "ROUNDSS", "ROUNDSS quiet", "COMISS", "UCOMISS", "VFMADD231SS",
        "ADDSD", "SUBSD", "MULSD", "DIVSD", "SQRTSD", "MINSD", "MAXSD", "CVTSD2SS", "CVTSD2SI", "CVTTSD2SI", "CVTSD2SI r64", "CVTTSD2SI r64", "CVTSI2SD", "CVTSI2SD r64",
        "ROUNDSD", "ROUNDSD quiet", "COMISD", "UCOMISD", "VFMADD231SD",
    ];

    [HostTheory]
    [MemberData(nameof(Names))]
    public void Agrees_with_the_host(string name)
    {
        if (name[0] == 'V' && !Fma.IsSupported)
        {
            // Said aloud, since this runner cannot skip a test that has begun.
            Console.WriteLine($"{name}: the host has no FMA; not compared");
            return;
        }

        string mnemonic = name.Split(' ')[0];
        bool isDouble = mnemonic.Contains("SD2", StringComparison.Ordinal)
            || (mnemonic.EndsWith("SD", StringComparison.Ordinal) && mnemonic != "CVTSS2SD");
        (byte[] code, Operation operation) = isDouble ? Select64(name) : Select32(name);
        using NativeCode native = new(
        [
            0xF3, 0x0F, 0x7E, 0x47, 0x08, // MOVQ xmm0, [RDI+8]
            0xF3, 0x0F, 0x7E, 0x4F, 0x10, // MOVQ xmm1, [RDI+16]
            0x48, 0x8B, 0x47, 0x08, // MOV RAX, [RDI+8]
            0x0F, 0xAE, 0x17, // LDMXCSR [RDI]
            .. code,
            0x0F, 0xAE, 0x5F, 0x04, // STMXCSR [RDI+4]
            0x66, 0x0F, 0xD6, 0x47, 0x18, // MOVQ [RDI+24], xmm0
            0x48, 0x89, 0x47, 0x20, // MOV [RDI+32], RAX
            0x0F, 0xAE, 0x57, 0x28, // LDMXCSR [RDI+40]
            0xC3,
        ]);
        bool fromInteger = name.StartsWith("CVTSI", StringComparison.Ordinal);
        bool inRax = name.Contains("2SI", StringComparison.Ordinal) || name.Contains("COMI", StringComparison.Ordinal);
        bool wide = inRax ? name.EndsWith("r64", StringComparison.Ordinal) : mnemonic.EndsWith("SD", StringComparison.Ordinal);
        ulong mask = name.Contains("COMI", StringComparison.Ordinal) ? 0x4500UL : wide ? ulong.MaxValue : uint.MaxValue;
        Operands operands = new(name.Length * 100 + name[^1]);
        ulong* frame = stackalloc ulong[6];
        for (int i = 0; i < Cases; i++)
        {
            ulong a = fromInteger ? (ulong)((long)operands.NextUInt64() >> operands.Next(64)) : isDouble ? operands.NextFloat64() : operands.NextFloat32();
            ulong b = isDouble ? operands.NextFloat64() : operands.NextFloat32();
            uint mxcsr = 0x1F80 | (uint)((operands.Next(8) << 13) | (operands.Next(2) << 6));
            frame[0] = mxcsr;
            frame[1] = a;
            frame[2] = b;
            frame[5] = 0x1F80;

            // SAFETY: the code touches 44 bytes of the frame, xmm0, xmm1 and RAX.
            native.Invoke(frame);
            FpEnvironment env = FpEnvironment.FromMxcsr(mxcsr, accumulate: true);
            ulong actual = operation(a, b, ref env) & mask;
            ulong expected = (inRax ? frame[4] : frame[3]) & mask;
            int flags = (int)(frame[0] >> 32) & 0x3F;
            if (actual != expected || (int)env.Flags != flags)
            {
                Assert.Fail($"{name} {a:X} {b:X} MXCSR {mxcsr:X4}: host {expected:X} {flags:X2}, got {actual:X} {(int)env.Flags:X2}");
            }
        }
    }

    private static (byte[] Code, Operation Operation) Select32(string name) => name switch
    {
        "ADDSS" => ([0xF3, 0x0F, 0x58, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Add((uint)a, (uint)b, ref e)),
        "SUBSS" => ([0xF3, 0x0F, 0x5C, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Subtract((uint)a, (uint)b, ref e)),
        "MULSS" => ([0xF3, 0x0F, 0x59, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Multiply((uint)a, (uint)b, ref e)),
        "DIVSS" => ([0xF3, 0x0F, 0x5E, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Divide((uint)a, (uint)b, ref e)),
        "SQRTSS" => ([0xF3, 0x0F, 0x51, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float32.SquareRoot((uint)a, ref e)),
        "MINSS" => ([0xF3, 0x0F, 0x5D, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Minimum((uint)a, (uint)b, ref e)),
        "MAXSS" => ([0xF3, 0x0F, 0x5F, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.Maximum((uint)a, (uint)b, ref e)),
        "CVTSS2SD" => ([0xF3, 0x0F, 0x5A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float32.ToFloat64((uint)a, ref e)),
        "CVTSS2SI" => ([0xF3, 0x0F, 0x2D, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (uint)Float32.ToInt32((uint)a, e.Rounding, ref e)),
        "CVTTSS2SI" => ([0xF3, 0x0F, 0x2C, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (uint)Float32.ToInt32((uint)a, FpRounding.TowardZero, ref e)),
        "CVTSS2SI r64" => ([0xF3, 0x48, 0x0F, 0x2D, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (ulong)Float32.ToInt64((uint)a, e.Rounding, ref e)),
        "CVTTSS2SI r64" => ([0xF3, 0x48, 0x0F, 0x2C, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (ulong)Float32.ToInt64((uint)a, FpRounding.TowardZero, ref e)),
        "CVTSI2SS" => ([0xF3, 0x0F, 0x2A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float32.FromInt64((int)a, ref e)),
        "CVTSI2SS r64" => ([0xF3, 0x48, 0x0F, 0x2A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float32.FromInt64((long)a, ref e)),
        "ROUNDSS" => ([0x66, 0x0F, 0x3A, 0x0A, 0xC0, 4], (ulong a, ulong b, ref FpEnvironment e) => Float32.RoundToIntegral((uint)a, e.Rounding, false, ref e)),
        "ROUNDSS quiet" => ([0x66, 0x0F, 0x3A, 0x0A, 0xC0, 9], (ulong a, ulong b, ref FpEnvironment e) => Float32.RoundToIntegral((uint)a, FpRounding.Down, true, ref e)),
        "COMISS" => ([0x0F, 0x2F, 0xC1, 0x9F], (ulong a, ulong b, ref FpEnvironment e) => Ah(Float32.Compare((uint)a, (uint)b, quiet: false, ref e))),
        "UCOMISS" => ([0x0F, 0x2E, 0xC1, 0x9F], (ulong a, ulong b, ref FpEnvironment e) => Ah(Float32.Compare((uint)a, (uint)b, quiet: true, ref e))),

        // xmm0 = xmm1 * xmm1 + xmm0: the operands that select the NaN are the factors first.
        "VFMADD231SS" => ([0xC4, 0xE2, 0x71, 0xB9, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float32.FusedMultiplyAdd((uint)b, (uint)b, (uint)a, ref e)),
        _ => throw new ArgumentException(name),
    };

    private static (byte[] Code, Operation Operation) Select64(string name) => name switch
    {
        "ADDSD" => ([0xF2, 0x0F, 0x58, 0xC1], Float64.Add),
        "SUBSD" => ([0xF2, 0x0F, 0x5C, 0xC1], Float64.Subtract),
        "MULSD" => ([0xF2, 0x0F, 0x59, 0xC1], Float64.Multiply),
        "DIVSD" => ([0xF2, 0x0F, 0x5E, 0xC1], Float64.Divide),
        "SQRTSD" => ([0xF2, 0x0F, 0x51, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float64.SquareRoot(a, ref e)),
        "MINSD" => ([0xF2, 0x0F, 0x5D, 0xC1], Float64.Minimum),
        "MAXSD" => ([0xF2, 0x0F, 0x5F, 0xC1], Float64.Maximum),
        "CVTSD2SS" => ([0xF2, 0x0F, 0x5A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float64.ToFloat32(a, ref e)),
        "CVTSD2SI" => ([0xF2, 0x0F, 0x2D, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (uint)Float64.ToInt32(a, e.Rounding, ref e)),
        "CVTTSD2SI" => ([0xF2, 0x0F, 0x2C, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (uint)Float64.ToInt32(a, FpRounding.TowardZero, ref e)),
        "CVTSD2SI r64" => ([0xF2, 0x48, 0x0F, 0x2D, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (ulong)Float64.ToInt64(a, e.Rounding, ref e)),
        "CVTTSD2SI r64" => ([0xF2, 0x48, 0x0F, 0x2C, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => (ulong)Float64.ToInt64(a, FpRounding.TowardZero, ref e)),
        "CVTSI2SD" => ([0xF2, 0x0F, 0x2A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float64.FromInt32((int)a)),
        "CVTSI2SD r64" => ([0xF2, 0x48, 0x0F, 0x2A, 0xC0], (ulong a, ulong b, ref FpEnvironment e) => Float64.FromInt64((long)a, ref e)),
        "ROUNDSD" => ([0x66, 0x0F, 0x3A, 0x0B, 0xC0, 4], (ulong a, ulong b, ref FpEnvironment e) => Float64.RoundToIntegral(a, e.Rounding, false, ref e)),
        "ROUNDSD quiet" => ([0x66, 0x0F, 0x3A, 0x0B, 0xC0, 9], (ulong a, ulong b, ref FpEnvironment e) => Float64.RoundToIntegral(a, FpRounding.Down, true, ref e)),
        "COMISD" => ([0x66, 0x0F, 0x2F, 0xC1, 0x9F], (ulong a, ulong b, ref FpEnvironment e) => Ah(Float64.Compare(a, b, quiet: false, ref e))),
        "UCOMISD" => ([0x66, 0x0F, 0x2E, 0xC1, 0x9F], (ulong a, ulong b, ref FpEnvironment e) => Ah(Float64.Compare(a, b, quiet: true, ref e))),
        "VFMADD231SD" => ([0xC4, 0xE2, 0xF1, 0xB9, 0xC1], (ulong a, ulong b, ref FpEnvironment e) => Float64.FusedMultiplyAdd(b, b, a, ref e)),
        _ => throw new ArgumentException(name),
    };

    /// <summary>ZF, PF and CF as LAHF puts them into AH, bits 15 to 8 of RAX.</summary>
    private static ulong Ah(FpRelation relation) => relation switch
    {
        FpRelation.Less => 0x0100,
        FpRelation.Equal => 0x4000,
        FpRelation.Greater => 0,
        _ => 0x4500,
    };
}
