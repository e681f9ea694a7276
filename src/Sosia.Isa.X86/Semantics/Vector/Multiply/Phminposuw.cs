using System.Runtime.Intrinsics;

namespace Sosia.Isa.X86.Semantics.Vector;

/// <summary>PHMINPOSUW: the smallest unsigned word and its position.</summary>
internal readonly struct Phminposuw : IVectorUnary
{
    public static Vector128<byte> Compute(Vector128<byte> source)
    {
        Vector128<ushort> words = source.AsUInt16();
        int position = 0;
        for (int i = 1; i < 8; i++)
        {
            position = words.GetElement(i) < words.GetElement(position) ? i : position;
        }

        return Vector128.CreateScalar(words.GetElement(position) | ((uint)position << 16)).AsByte();
    }
}
