using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>m64fp.</summary>
internal readonly struct Real64 : IX87Format
{
    public static int ByteCount => 8;

    public static ulong Indefinite => 0xfff8_0000_0000_0000;

    public static Float80 Load(ulong bits, ref FpEnvironment env) => Float80.FromFloat64(bits, ref env);

    public static Float80 Widen(ulong bits, ref FpEnvironment env) => Float80.WidenFloat64(bits, ref env);

    public static ulong Store(Float80 value, ref FpEnvironment env) => Float80.ToFloat64(value, ref env);
}
