using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m16int.</summary>
internal readonly struct Integer16 : IX87Format
{
    public static int ByteCount => 2;

    public static ulong Indefinite => 0x8000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromInt64((short)bits);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.FromInt64((short)bits);

    public static ulong Store(Float80 value, ref FpEnvironment env) => (ulong)Float80.ToInt16(value, env.Rounding, ref env);
}
