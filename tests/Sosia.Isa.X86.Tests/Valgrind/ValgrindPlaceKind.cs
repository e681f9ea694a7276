namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>What an operand of a case is stored in.</summary>
internal enum ValgrindPlaceKind
{
    None,
    General,
    Mmx,
    Xmm,
    X87,
    Memory,
}
