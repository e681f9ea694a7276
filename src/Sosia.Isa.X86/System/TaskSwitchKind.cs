namespace Sosia.Isa.X86;

/// <summary>How a task switch was asked for, which decides about busy bits, link and NT (SDM vol. 3, table 7-2).</summary>
internal enum TaskSwitchKind
{
    /// <summary>JMP: the old task is no longer busy.</summary>
    Jump,

    /// <summary>CALL, exception or interrupt: the new task is nested in the old one.</summary>
    Call,

    /// <summary>IRET with NT set: back to the linked task.</summary>
    Return,
}
