using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m32fp.</summary>
internal readonly struct Real32 : IX87Format
{
    public static int ByteCount => 4;

    public static ulong Indefinite => 0xffc0_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromFloat32((uint)bits, ref env);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.WidenFloat32((uint)bits, ref env);

    public static ulong Store(Float80 value, ref FpEnvironment env) => Float80.ToFloat32(value, ref env);
}
