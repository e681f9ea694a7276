namespace Sosia.Devices.Nvme;

/// <summary>Status codes of completions, with the status code type in bits 10:8 (NVM Express 1.3, 4.6.1).</summary>
internal static class NvmeStatus
{
    public const ushort Success = 0x000;
    public const ushort InvalidOpcode = 0x001;
    public const ushort InvalidField = 0x002;
    public const ushort DataTransferError = 0x004;
    public const ushort InternalError = 0x006;
    public const ushort AbortRequested = 0x007;
    public const ushort InvalidNamespace = 0x00b;
    public const ushort InvalidPrpOffset = 0x013;
    public const ushort LbaOutOfRange = 0x080;
    public const ushort InvalidCompletionQueue = 0x100;
    public const ushort InvalidQueueId = 0x101;
    public const ushort InvalidQueueSize = 0x102;
    public const ushort TooManyAsynchronousEvents = 0x105;
    public const ushort InvalidInterruptVector = 0x108;
    public const ushort InvalidLogPage = 0x109;
    public const ushort InvalidQueueDeletion = 0x10c;
    public const ushort NotSaveable = 0x10d;
    public const ushort WriteFault = 0x280;
    public const ushort ReadError = 0x281;
    public const ushort WriteToReadOnly = 0x182;

    /// <summary>Set in a status whose command would fail again: Do Not Retry.</summary>
    public const ushort DoNotRetry = 0x4000;
}
