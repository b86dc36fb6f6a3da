const app = document.querySelector("#app");
const hours = [...Array(24).keys()].map((hour) => `${hour}:00 ${Math.sin(hour / 2).toFixed(2)} m`);
app.innerHTML = `<h1>${location.pathname}</h1><ul>${hours.map((line) => `<li>${line}</li>`).join("")}</ul>`;
