// Copies the snippet.
document.getElementById("copy").addEventListener("click", async () => {
  const copied = document.getElementById("copied");
  try {
    await navigator.clipboard.writeText(document.getElementById("snippet").textContent);
    copied.textContent = "コピーしました。";
  } catch {
    getSelection().selectAllChildren(document.getElementById("snippet"));
    copied.textContent = "選択しました。コピーしてください。";
  }
});
