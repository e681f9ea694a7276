using System.Collections.Generic;

namespace Sosia.Isa.X86.Tests.Vectors;

/// <summary>One recorded instruction: state before, and what changed.</summary>
/// <param name="Name">The instruction's text.</param>
/// <param name="Bytes">Its bytes, with the HLT that follows.</param>
/// <param name="Registers">AX BX CX DX CS SS DS ES SP BP SI DI IP FLAGS before.</param>
/// <param name="Memory">Memory before.</param>
/// <param name="FinalRegisters">The same registers afterwards, all fourteen; IP stands behind the HLT.</param>
/// <param name="FinalMemory">Memory that changed.</param>
/// <param name="Exception">The vector of the exception that was raised, or −1.</param>
public sealed record MooTest(
    string Name,
    byte[] Bytes,
    ushort[] Registers,
    IReadOnlyList<(uint Address, byte Value)> Memory,
    ushort[] FinalRegisters,
    IReadOnlyList<(uint Address, byte Value)> FinalMemory,
    int Exception);
