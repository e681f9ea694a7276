using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m64int.</summary>
internal readonly struct Integer64 : IX87Format
{
    public static int ByteCount => 8;

    public static ulong Indefinite => 0x8000_0000_0000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((long)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((long)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt64(value, env.Rounding, ref env);
}
