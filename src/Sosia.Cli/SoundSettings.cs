using System;
using Sosia.Core;
using Sosia.Devices.Sound;

namespace Sosia.Cli;

/// <summary>What <c>--sound</c> says.</summary>
/// <param name="Devices">Which devices the machine has.</param>
/// <param name="WavFile">The file that their sound goes to.</param>
internal sealed record SoundSettings(SoundDevices Devices, string WavFile)
{
    /// <summary>How the option is written.</summary>
    public const string Form = "pcspk|ac97|sb16[,…],wav=FILE";

    /// <summary>Reads the option's value: devices with commas between them, then the file; the rest of the text is its name.</summary>
    /// <exception cref="SosiaException">A device is unknown or repeated, or there is no file.</exception>
    public static SoundSettings Parse(string text)
    {
        SoundDevices devices = SoundDevices.None;
        string rest = text;
        while (!rest.StartsWith("wav=", StringComparison.Ordinal))
        {
            int comma = rest.IndexOf(',', StringComparison.Ordinal);
            string name = comma < 0 ? rest : rest[..comma];
            SoundDevices device = name switch
            {
                "pcspk" => SoundDevices.PcSpeaker,
                "ac97" => SoundDevices.Ac97,
                "sb16" => SoundDevices.Sb16,
                _ => throw new SosiaException($"The sound device '{name}' of --sound is unknown; write {Form}."),
            };
            if ((devices & device) != 0)
            {
                throw new SosiaException($"The option --sound names '{name}' twice; name it once.");
            }

            devices |= device;
            rest = comma < 0 ? throw new SosiaException($"The value '{text}' of --sound names no file; write {Form}.") : rest[(comma + 1)..];
        }

        return devices == SoundDevices.None
            ? throw new SosiaException($"The value '{text}' of --sound names no device; write {Form}.")
            : new SoundSettings(devices, OutputFile.Check("--sound", rest["wav=".Length..]));
    }
}
