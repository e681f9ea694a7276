using Sosia.SoftFloat;

namespace Sosia.Isa.X86.Semantics.X87;

/// <summary>A function of ST(0) that replaces it.</summary>
internal interface IX87Function
{
    /// <summary>Computes the result.</summary>
    static abstract Float80 Apply(Float80 value, ref FpEnvironment env);
}
